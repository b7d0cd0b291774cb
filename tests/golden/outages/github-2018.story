00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:07 * gate dr says no: lagSeconds 7, at most 5

00:10 * all see prod failing: connection timed out
00:10 controller-1 PAGE held: failover to `dr` held: gatesOpen: gate replication of region `dr` says no: lagSeconds 7, at most 5; asked 0 s ago
                     no, gatesOpen: gate replication of region `dr` says no: lagSeconds 7, at most 5; asked 0 s ago
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 steady on the preferred region → suspected

00:53 * all see prod healthy
00:53 controller-1 unheld: failover is no longer wanted
00:53 controller-1 suspected → steady on the preferred region

01:05 * gate dr says yes: lagSeconds 1

20:00 * the end
20:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
      controller-1 main: steady on the preferred region; the fence is held
