00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:10 * all see dr failing: connection refused

01:00 * all see prod failing: connection refused
01:00 controller-1 PAGE held: failover to `dr` held: allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
                     dr is failing: 198.51.100.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
01:00 controller-1 steady on the preferred region → suspected

03:00 * all see dr healthy
03:00 controller-1 held: failover to `dr` held: targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
05:00 controller-1 PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
05:00 controller-1 suspected → flipping
05:00 controller-1 permitted: the kernel agreed again; the write is sent now
05:00 controller-1 applied: failover is in the zone: active in `dr`, epoch 2, rev 2
05:00 controller-1 flipping → verifying
05:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
05:01 controller-1 verified: 1 of 1 authoritative servers serve it
05:01 controller-1 verifying → cooling down

06:00 * the end
06:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: cooling down; the fence is held
