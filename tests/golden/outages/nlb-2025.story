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

00:30 * all see prod healthy

01:00 * all see dr failing: connection timed out
01:00 controller-1 PAGE held: failover to `prod` held: targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     no, targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     dr is failing: 198.51.100.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     prod is healthy: 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
01:00 controller-1 cooling down → suspected

01:20 * all see dr healthy
01:20 controller-1 unheld: failover is no longer wanted
01:20 controller-1 suspected → cooling down

01:50 * all see dr failing: connection timed out
01:50 controller-1 PAGE held: failover to `prod` held: targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     no, targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     dr is failing: 198.51.100.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     prod is healthy: 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
01:50 controller-1 cooling down → suspected

02:00 * all see prod failing: connection timed out
02:00 controller-1 held: failover to `prod` held: allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)

02:10 * all see dr healthy
02:10 controller-1 unheld: failover is no longer wanted
02:10 controller-1 suspected → cooling down

02:20 * all see prod healthy

02:40 * all see dr failing: connection timed out
02:40 controller-1 PAGE held: failover to `prod` held: targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     no, targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     dr is failing: 198.51.100.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     prod is healthy: 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
02:40 controller-1 cooling down → suspected

03:00 * all see dr healthy
03:00 controller-1 unheld: failover is no longer wanted
03:00 controller-1 suspected → cooling down

05:30 * all see dr failing: connection timed out
05:30 controller-1 PAGE decided: failover from `dr` to `prod`: region `dr` is failing: 198.51.100.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is failing: 198.51.100.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     prod is healthy, proven: 192.0.2.10: 3 of 3 healthy (fra1, lon1, nyc1)
05:30 controller-1 cooling down → flipping
05:30 controller-1 permitted: the kernel agreed again; the write is sent now
05:30 controller-1 applied: failover is in the zone: active in `prod`, epoch 3, rev 3
05:30 controller-1 flipping → verifying
05:30 main         ZONE serves `prod`; fence: epoch 3, rev 3, active prod, by controller-1
05:31 controller-1 verified: 1 of 1 authoritative servers serve it
05:31 controller-1 verifying → steady on the preferred region

06:00 * all see prod failing: connection timed out
06:00 controller-1 PAGE held: failover to `dr` held: allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     no, failoverBudget: it has left regions 2 times within 60 min, at most 4 times without an order; the next is possible in 30 s, or by hand
                     dr is failing: 198.51.100.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
06:00 controller-1 steady on the preferred region → suspected

06:10 * all see dr healthy
06:10 controller-1 held: failover to `dr` held: targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     no, failoverBudget: it has left regions 2 times within 60 min, at most 4 times without an order; the next is possible in 20 s, or by hand
06:30 controller-1 held: failover to `dr` held: targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)

07:00 * the end
07:00 main         ZONE serves `prod`; fence: epoch 3, rev 3, active prod, by controller-1
      controller-1 main: suspected; the fence is held
                   main: held: failover to `dr`
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
