00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
00:00 second       ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:10 * provider main is down: no answer from any of its servers
00:10 controller-1 unreadable: main: the zone cannot be read: no answer from any of its servers

05:00 * all see prod failing: connection timed out
05:00 controller-1 main: steady on the preferred region → suspected
05:00 controller-1 PAGE decided: second: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
05:00 controller-1 second: steady on the preferred region → flipping
05:00 controller-1 permitted: second: the kernel agreed again; the write is sent now
05:00 controller-1 applied: second: failover is in the zone: active in `dr`, epoch 2, rev 2
05:00 controller-1 second: flipping → verifying
05:00 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
05:01 controller-1 verified: second: 1 of 1 authoritative servers serve it
05:01 controller-1 second: verifying → cooling down

08:00 * the end
08:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
08:00 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: suspected; the fence is held
      controller-1 second: cooling down; the fence is held
