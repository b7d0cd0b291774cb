00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:10 * fra1 see prod failing: connection timed out
00:10 controller-1 steady on the preferred region → suspected

00:20 * fra1 see dr failing: connection timed out

00:40 * fra1 blind: no control target answers
00:40 controller-1 suspected → steady on the preferred region

01:00 * fra1 silent

02:00 * lon1 silent
02:03 controller-1 steady on the preferred region → unknown

03:00 * fra1 lon1 heard

03:00 * fra1 sighted

03:00 * fra1 see prod healthy

03:00 * fra1 see dr healthy
03:00 controller-1 unknown → steady on the preferred region

04:00 * the end
04:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
      controller-1 main: steady on the preferred region; the fence is held
