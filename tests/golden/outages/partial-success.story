00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
00:00 second       ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:05 * provider main delays the next write: no answer within 5 s

00:10 * all see prod failing: connection timed out
00:10 controller-1 PAGE decided: main: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 main: steady on the preferred region → flipping
00:10 controller-1 second: steady on the preferred region → suspected
00:10 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:10 controller-1 PAGE outcomeUnknown: main: whether the write arrived is not known (no answer within 5 s); finding out
00:10 controller-1 decided: second: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 second: suspected → flipping
00:10 controller-1 permitted: second: the kernel agreed again; the write is sent now
00:10 controller-1 applied: second: failover is in the zone: active in `dr`, epoch 2, rev 2
00:10 controller-1 second: flipping → verifying
00:10 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
00:11 controller-1 verified: second: 1 of 1 authoritative servers serve it
00:11 controller-1 second: verifying → cooling down
00:11 main         ZONE serves `prod`; fence: epoch 1, rev 2, active prod, by controller-1

00:12 * provider main delivers what it delayed
00:12 controller-1 burned: main: failover can no longer arrive: the fence that it requires is gone
00:12 controller-1 main: flipping → suspected
00:13 controller-1 followed: main: followed its own newer fence: epoch 1, rev 2, active in `prod`
00:13 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:13 controller-1 main: suspected → flipping
00:13 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:13 controller-1 applied: main: failover is in the zone: active in `dr`, epoch 2, rev 3
00:13 controller-1 main: flipping → verifying
00:13 main         ZONE serves `dr`; fence: epoch 2, rev 3, active dr, by controller-1
00:14 controller-1 verified: main: 1 of 1 authoritative servers serve it
00:14 controller-1 main: verifying → cooling down

00:30 * all see prod healthy

03:00 * the end
03:00 main         ZONE serves `dr`; fence: epoch 2, rev 3, active dr, by controller-1
03:00 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: cooling down; the fence is held
      controller-1 second: cooling down; the fence is held
