//! Runs the built command against a server in the test.

use std::net::SocketAddr;
use std::process::{Output, Stdio};

use axum::http::StatusCode;
use axum::{Json, Router};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Serves until the test's runtime ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Answers every call alike.
pub(crate) async fn answering<T: Serialize>(status: u16, body: &T) -> SocketAddr {
    let body = serde_json::to_value(body).expect("JSON");
    let status = StatusCode::from_u16(status).expect("a status");
    serve(Router::new().fallback(async move || (status, Json(body)))).await
}

/// Runs a command line against a server. Nothing of the surrounding environment is seen.
pub(crate) async fn run(server: SocketAddr, line: &[&str]) -> Ended {
    run_with(server, line, &[]).await
}

/// Runs a command line against a server, in an environment.
pub(crate) async fn run_with(server: SocketAddr, line: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = prepared(line);
    command.env("DNS_ADMIN_SERVER", format!("http://{server}")).envs(environment.iter().copied());
    ended(command.output().await.expect("runs"))
}

/// Starts a command line that goes on until it is dropped, and hands out its lines.
pub(crate) fn start(server: SocketAddr, line: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = prepared(line);
    command.env("DNS_ADMIN_SERVER", format!("http://{server}")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("starts");
    let stdout = child.stdout.take().expect("is piped");
    (child, BufReader::new(stdout).lines())
}

/// Runs a command line that needs no server.
pub(crate) async fn run_alone(line: &[&str]) -> Ended {
    ended(prepared(line).output().await.expect("runs"))
}

fn prepared(line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dns-admin"));
    command.args(line).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().expect("exits"),
        stdout: String::from_utf8(output.stdout).expect("is text"),
        stderr: String::from_utf8(output.stderr).expect("is text"),
    }
}
