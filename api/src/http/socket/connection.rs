//! One socket, from the upgrade to the close frame.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Value;
use axum::extract::ws::{Message, WebSocket};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use rules::policy::Caller;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, timeout};

use super::Limits;
use super::operation::{Operation, Outgoing};
use super::places::{For, Place};
use super::protocol::{Close, Said, Says};
use crate::http::Site;
use crate::http::caller::{CLIENT_KEY, authenticate, still_stands};
use crate::http::graphql::{Params, Rejection};
use crate::http::server::stopped;

/// Messages of operations that wait to be sent.
const WAITING: usize = 16;

/// How a step ended: on it goes, the socket is closed with a frame, or it is gone.
enum End {
    Close(Close),
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// A socket.
pub struct Connection {
    site: Site,
    socket: WebSocket,
    request_id: String,
    address: String,
    /// Who says they are: the upgrade's headers, and what `connection_init` adds.
    headers: Arc<HeaderMap>,
    caller: Option<watch::Sender<Arc<Caller>>>,
    running: HashMap<String, (u64, AbortHandle)>,
    turn: u64,
    tell: mpsc::Sender<Outgoing>,
    told: mpsc::Receiver<Outgoing>,
    opened: Instant,
    heard: Instant,
    pinged: Instant,
    checked: Instant,
    places: Vec<Place>,
}

impl Connection {
    pub fn new(site: Site, socket: WebSocket, headers: HeaderMap, address: String, places: Vec<Place>, request_id: String) -> Self {
        let ((tell, told), now) = (mpsc::channel(WAITING), Instant::now());
        Self {
            site,
            socket,
            request_id,
            address,
            headers: Arc::new(headers),
            caller: None,
            running: HashMap::new(),
            turn: 0,
            tell,
            told,
            opened: now,
            heard: now,
            pinged: now,
            checked: now,
            places,
        }
    }

    fn limits(&self) -> &Limits {
        &self.site.settings.sockets
    }

    /// Serves until either side has enough.
    pub async fn run(mut self) {
        let end = self.serve().await;
        for (_, running) in self.running.values() {
            running.abort();
        }
        if let Err(End::Close(close)) = end {
            let _ = self.send(Message::Close(Some(close.frame()))).await;
            // A connection dropped with something unread is reset, and the frame with it.
            let _ = timeout(Duration::from_secs(1), async { while let Some(Ok(_)) = self.socket.recv().await {} }).await;
        }
    }

    async fn serve(&mut self) -> Result<(), End> {
        let mut stopping = self.site.stopping.clone();
        let mut beat = interval(self.limits().check.min(self.limits().init).min(self.limits().ping) / 2);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopped(&mut stopping) => return Err(Close::going_away().into()),
                _ = beat.tick() => self.beat().await?,
                message = self.socket.recv() => {
                    self.heard = Instant::now();
                    self.hear(message).await?;
                }
                Some(outgoing) = self.told.recv() => self.pass_on(outgoing).await?,
            }
        }
    }

    /// What time alone brings about.
    async fn beat(&mut self) -> Result<(), End> {
        let limits = self.limits();
        let (init, ping, check) = (limits.init, limits.ping, limits.check);
        if self.caller.is_none() && self.opened.elapsed() >= init {
            return Err(Close::init_timeout().into());
        }
        if self.heard.elapsed() >= ping * 5 / 2 {
            return Err(End::Gone);
        }
        if self.pinged.elapsed() >= ping {
            self.pinged = Instant::now();
            self.send(Message::Ping(Default::default())).await?;
        }
        if self.caller.is_some() && self.checked.elapsed() >= check {
            self.checked = Instant::now();
            self.look_again().await?;
        }
        Ok(())
    }

    /// Whether the caller may stay. Who can't be known is not served on.
    async fn look_again(&mut self) -> Result<(), End> {
        let looked = still_stands(&self.site.app, &self.headers, self.site.app.clock.now()).await;
        looked.map_err(|rejection| refused(&rejection).into())
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let said = match message {
            Some(Ok(Message::Text(text))) => Said::read(&text)?,
            Some(Ok(Message::Binary(_))) => return Err(Close::invalid("Messages are sent as text.").into()),
            // The library answers pings; a close frame has been answered when the stream ends.
            Some(Ok(_)) => return Ok(()),
            Some(Err(error)) if error.to_string().contains("too long") => return Err(Close::too_big().into()),
            Some(Err(_)) | None => return Err(End::Gone),
        };
        match said {
            Said::Init(payload) => self.initialise(payload).await,
            Said::Ping(payload) => self.send(Message::Text(Says::Pong { payload: &payload }.text())).await,
            Said::Pong => Ok(()),
            Said::Subscribe { id, payload } => self.subscribe(id, payload).await,
            Said::Complete { id } => {
                if let Some((_, running)) = self.running.remove(&id) {
                    running.abort();
                }
                Ok(())
            }
        }
    }

    async fn initialise(&mut self, payload: Value) -> Result<(), End> {
        if self.caller.is_some() {
            return Err(Close::too_many_inits().into());
        }
        let headers = with_payload(&self.headers, &payload)?;
        let caller = authenticate(&self.site.app, &headers, self.site.app.clock.now()).await.map_err(|rejection| refused(&rejection))?;
        let account = caller.account.map(|id| (For::Account(id), self.limits().account));
        let client = caller.client.map(|(id, _)| (For::Client(id), self.limits().client));
        for (whose, most) in account.into_iter().chain(client) {
            let place = self.site.places.take(whose, most);
            self.places.push(place.ok_or_else(|| Close::forbidden("Too many sockets are open: close one first."))?);
        }
        self.headers = Arc::new(headers);
        self.caller = Some(watch::Sender::new(Arc::new(caller)));
        self.checked = Instant::now();
        self.send(Message::Text(Says::ConnectionAck.text())).await
    }

    async fn subscribe(&mut self, id: String, payload: Value) -> Result<(), End> {
        let Some(caller) = &self.caller else { return Err(Close::unauthorized().into()) };
        if self.running.contains_key(&id) {
            return Err(Close::exists(&id).into());
        }
        if self.running.len() >= self.limits().operations {
            let most = self.limits().operations;
            let rejection = Rejection::http(
                StatusCode::TOO_MANY_REQUESTS,
                crate::graphql::code::Code::RateLimited,
                format!("A socket runs {most} operations at once: complete one first."),
            );
            return self.send(Message::Text(Says::Error { id: &id, payload: &[rejection.error(&self.request_id)] }.text())).await;
        }
        let params = match Params::from_value(payload) {
            Ok(params) => params,
            Err(rejection) if rejection.status().is_some() => return Err(Close::invalid(rejection.message()).into()),
            Err(rejection) => {
                let errors = [rejection.error(&self.request_id)];
                return self.send(Message::Text(Says::Error { id: &id, payload: &errors }.text())).await;
            }
        };
        self.turn += 1;
        let operation = Operation {
            site: self.site.clone(),
            id: id.clone(),
            turn: self.turn,
            request_id: self.request_id.clone(),
            address: self.address.clone(),
            headers: self.headers.clone(),
            caller: caller.subscribe(),
            tell: self.tell.clone(),
        };
        self.running.insert(id, (self.turn, tokio::spawn(operation.run(params)).abort_handle()));
        Ok(())
    }

    /// Sends what an operation says, unless the client has completed it, or it has an id that was used again since.
    async fn pass_on(&mut self, outgoing: Outgoing) -> Result<(), End> {
        if self.running.get(&outgoing.id).is_none_or(|(turn, _)| *turn != outgoing.turn) {
            return Ok(());
        }
        if outgoing.last {
            self.running.remove(&outgoing.id);
        }
        self.send(Message::Text(outgoing.text)).await
    }

    /// A client that does not take a message in time is gone.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.limits().send, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Gone),
        }
    }
}

/// How a socket ends whose caller is refused.
fn refused(rejection: &Rejection) -> Close {
    match rejection.status() {
        Some(StatusCode::SERVICE_UNAVAILABLE) => Close::try_later(),
        _ => Close::forbidden(rejection.message()),
    }
}

/// Browsers can't set headers on a socket, so `connection_init` may carry them.
fn with_payload(headers: &HeaderMap, payload: &Value) -> Result<HeaderMap, Close> {
    let mut headers = headers.clone();
    let Value::Object(fields) = payload else { return Ok(headers) };
    for (name, value) in fields {
        let header = match name.to_ascii_lowercase().as_str() {
            "authorization" => header::AUTHORIZATION,
            CLIENT_KEY => header::HeaderName::from_static(CLIENT_KEY),
            _ => continue,
        };
        let Value::String(text) = value else { return Err(Close::forbidden("Credentials are sent as text.")) };
        let mut value = HeaderValue::from_str(text).map_err(|_| Close::forbidden("Credentials are sent as visible ASCII."))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}
