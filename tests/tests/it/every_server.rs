//! Runs a behaviour on every kind of authoritative server: one test for each, so that a failure names the server.

macro_rules! on_every_server {
    ($($behaviour:ident),+ $(,)?) => {
        crate::every_server::on_every_server!(@ knot, Knot; $($behaviour),+);
        crate::every_server::on_every_server!(@ bind, Bind; $($behaviour),+);
        crate::every_server::on_every_server!(@ powerdns, PowerDns; $($behaviour),+);
    };
    (@ $module:ident, $kind:ident; $($behaviour:ident),+) => {
        mod $module {
            $(
                #[test]
                fn $behaviour() {
                    super::$behaviour(tests::Kind::$kind);
                }
            )+
        }
    };
}

pub(crate) use on_every_server;
