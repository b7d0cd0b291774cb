00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
00:00 second       ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:05 * provider main is down: the API answers 503 to every call
00:10 controller-1 unreadable: main: the zone cannot be read: the API answers 503 to every call

00:30 * all see prod failing: connection refused
00:30 controller-1 main: steady on the preferred region → suspected
00:30 controller-1 PAGE decided: second: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
00:30 controller-1 second: steady on the preferred region → flipping
00:30 controller-1 permitted: second: the kernel agreed again; the write is sent now
00:30 controller-1 applied: second: failover is in the zone: active in `dr`, epoch 2, rev 2
00:30 controller-1 second: flipping → verifying
00:30 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
00:31 controller-1 verified: second: 1 of 1 authoritative servers serve it
00:31 controller-1 second: verifying → cooling down

05:00 * provider main works
05:00 controller-1 readableAgain: main: the zone can be read again after 290 s
05:00 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection refused, lon1: connection refused, nyc1: connection refused)
05:00 controller-1 main: suspected → flipping
05:00 controller-1 permitted: main: the kernel agreed again; the write is sent now
05:00 controller-1 applied: main: failover is in the zone: active in `dr`, epoch 2, rev 2
05:00 controller-1 main: flipping → verifying
05:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
05:01 controller-1 verified: main: 1 of 1 authoritative servers serve it
05:01 controller-1 main: verifying → cooling down

06:00 * the end
06:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
06:00 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: cooling down; the fence is held
      controller-1 second: cooling down; the fence is held
