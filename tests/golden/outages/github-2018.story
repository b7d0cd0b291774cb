00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:10 * all see prod failing: connection timed out
00:10 controller-1 PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 steady on the preferred region → flipping
00:10 controller-1 permitted: the kernel agreed again; the write is sent now
00:10 controller-1 applied: failover is in the zone: active in `dr`, epoch 2, rev 2
00:10 controller-1 flipping → verifying
00:10 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
00:11 controller-1 verified: 1 of 1 authoritative servers serve it
00:11 controller-1 verifying → cooling down

00:53 * all see prod healthy
10:10 controller-1 cooling down → steady elsewhere

20:00 * the end
20:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: steady elsewhere; the fence is held
