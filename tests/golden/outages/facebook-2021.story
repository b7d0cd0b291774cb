00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:05 * all see prod wavering: no route to host

00:07 * all see dr wavering: no route to host

00:15 * all see prod failing: no route to host
00:15 controller-1 PAGE held: failover to `dr` held: targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1: 1 bad since, lon1: 1 bad since, nyc1: 1 bad since)
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 healthy (fra1: 1 bad since, lon1: 1 bad since, nyc1: 1 bad since)
                     dr is healthy: 198.51.100.10: 3 of 3 healthy (fra1: 1 bad since, lon1: 1 bad since, nyc1: 1 bad since)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: no route to host, lon1: no route to host, nyc1: no route to host)
00:15 controller-1 steady on the preferred region → suspected

00:17 * all see dr failing: no route to host
00:17 controller-1 held: failover to `dr` held: allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, allRegionsFailing: every region is failing, so no move can help; a fault near the vantage points looks the same
                     no, targetProven: region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 198.51.100.10: 3 of 3 failing (fra1: no route to host, lon1: no route to host, nyc1: no route to host)

02:00 * fra1 blind: no control target answers

02:00 * lon1 blind: no control target answers
02:00 controller-1 suspected → unknown

04:00 * fra1 sighted

04:00 * lon1 sighted
04:00 controller-1 unknown → suspected

05:00 * all see prod healthy

05:00 * all see dr healthy
05:00 controller-1 unheld: failover is no longer wanted
05:00 controller-1 suspected → steady on the preferred region

06:00 * the end
06:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
      controller-1 main: steady on the preferred region; the fence is held
