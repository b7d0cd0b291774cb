00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:10 * all see prod failing: HTTP 502
00:10 controller-1 PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 502, lon1: HTTP 502, nyc1: HTTP 502)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 502, lon1: HTTP 502, nyc1: HTTP 502)
00:10 controller-1 steady on the preferred region → flipping
00:10 controller-1 permitted: the kernel agreed again; the write is sent now
00:10 controller-1 applied: failover is in the zone: active in `dr`, epoch 2, rev 2
00:10 controller-1 flipping → verifying
00:10 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
00:11 controller-1 verified: 1 of 1 authoritative servers serve it
00:11 controller-1 verifying → cooling down

00:40 * all see prod healthy

01:10 * all see prod failing: HTTP 502

01:40 * all see prod healthy

02:10 * all see prod failing: HTTP 502

02:40 * all see prod healthy

03:00 * order controller-1 failback: it looks well again
03:00 controller-1 order refused: targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1); cooledDown: the cooldown lasts another 430 s

06:00 * order controller-1 failback: it has been well for three minutes
06:00 controller-1 order refused: cooledDown: the cooldown lasts another 250 s

07:00 * the end
07:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: cooling down; the fence is held
