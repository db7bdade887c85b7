//! The server under the routes: accepts, bounds and drains connections. axum's own sets no limit on how slow a client may be.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tower::ServiceExt;

/// How slow and how many clients may be.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the head of a request, the first and each after it: 15 s.
    pub head: Duration,
    /// For an answer to be taken once the network has to wait for it: 20 s.
    pub answer: Duration,
    /// For requests that are being served when the server is asked to stop: 10 s.
    pub drain: Duration,
    /// Connections at once: 600. With sockets, whose connections are counted there, and files that is
    /// below the 1,024 a process commonly may have open.
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(15), answer: Duration::from_secs(20), drain: Duration::from_secs(10), connections: 600 }
    }
}

/// Serves until `stop`, then takes nothing new and waits for what is being served, up to a limit.
pub async fn serve(listener: TcpListener, routes: Router, patience: Patience, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(patience.connections));
    let (drain, draining) = watch::channel(false);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(64 * 1024);
    let mut stop = std::pin::pin!(stop);
    loop {
        // Whoever comes when all places are taken waits in the backlog.
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, accept(&listener).await)
        };
        let (place, (stream, peer)) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        let routes = routes.clone().map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let stream = TokioIo::new(Patient::new(stream, patience.answer));
        let connection = http.serve_connection(stream, TowerToHyperService::new(routes)).with_upgrades();
        let mut draining = draining.clone();
        tokio::spawn(async move {
            let _place = place;
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stopped(&mut draining) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            // A client that breaks off is no fault of ours.
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    let _ = drain.send(true);
    let all = u32::try_from(patience.connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(patience.drain, places.acquire_many(all)).await.is_err() {
        tracing::warn!("requests were cut off: they took too long to drain");
    }
}

/// Waits for true; for ever, if nobody is left to say it.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are written whole: waiting for more to send only delays them.
                let _ = stream.set_nodelay(true);
                return (stream, address);
            }
            Err(error) => {
                // Out of files, or a client that is gone already: neither ends the service.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A stream that gives up on a client who does not take what is written. The time runs from the first moment the network has to
/// wait until all of it is written: a client that takes a byte now and then does not get more.
struct Patient {
    stream: TcpStream,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
    }

    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + patience)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.wait(context),
            ready => ready,
        }
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, bytes) {
            Poll::Pending => self.wait(context),
            ready => ready,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called once everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.waiting = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
