//! Listeners, a configuration and a wish to stop go in; the end of the last request comes out.

use std::{pin::pin, sync::Arc};

use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::{
    admin::Admin, app::App, config::Config, edge::Edge, error::ServerError, fault::Injector,
    readiness::Readiness,
};

/// Bound already; the caller knows the addresses.
#[derive(Debug)]
pub struct Listeners {
    pub public: TcpListener,
    pub admin: Option<TcpListener>,
}

/// Whether, and how, the server is asked to stop. A later value includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    NotYet,
    /// Losing no request.
    Gracefully,
    /// Whatever runs is cut off.
    AtOnce,
}

/// Serves until asked to stop, then drains:
///
/// 1. `/readyz` says 503, each answer closes its connection, and new requests are still accepted, for the lame-duck time;
/// 2. no new connections, and what runs is finished, for the drain timeout.
///
/// Fails with [`ServerError::CutOff`] if requests were running after that, or when [`Stop::AtOnce`] came.
pub async fn run(
    listeners: Listeners,
    config: &Config,
    mut stop: watch::Receiver<Stop>,
) -> Result<(), ServerError> {
    let readiness = Arc::new(Readiness::default());
    let injector = Arc::new(Injector::new(&config.faults));
    let app = App::new(config, Arc::clone(&injector), Arc::clone(&readiness))?;
    let address = listeners.public.local_addr().map_err(ServerError::Serve)?;
    let edge = Edge::new(listeners.public, app, &config.limits, Arc::clone(&readiness));
    let open = edge.open();

    // The admin listener is there to the end, and ends with this function.
    let mut admin = tokio::task::JoinSet::new();
    if let Some(listener) = listeners.admin {
        let address = listener.local_addr().map_err(ServerError::Serve)?;
        let endpoint = Admin { injector, limits: config.limits.clone() };
        let edge = Edge::new(listener, endpoint, &config.limits, Arc::new(Readiness::default()));
        admin.spawn(async move { edge.accept().await });
        tracing::info!("admin on http://{address}");
    }
    tracing::info!("listening on http://{address}");

    {
        let mut accepting = pin!(edge.accept());
        tokio::select! {
            never = &mut accepting => match never {},
            () = asked(&mut stop, Stop::Gracefully) => {}
        }
        readiness.drain();
        let lame_duck = timeout(config.drain.lame_duck, accepting);
        tokio::select! {
            // It never ends but by its time.
            _ = lame_duck => {}
            () = asked(&mut stop, Stop::AtOnce) => {}
        }
    }
    let finished = edge.close().await;
    tracing::info!("no new connections; requests still running: {}", open.requests());
    tokio::select! {
        // Whether in time or not, the open requests tell.
        _ = timeout(config.drain.drain_timeout, finished) => {}
        () = asked(&mut stop, Stop::AtOnce) => {}
    }
    let requests = open.requests();
    open.close_all();
    if requests > 0 {
        return Err(ServerError::CutOff { requests });
    }
    tracing::info!("stopped");
    Ok(())
}

/// Resolves when the wish is at least this one; never, if nobody is left to wish.
async fn asked(stop: &mut watch::Receiver<Stop>, least: Stop) {
    if stop.wait_for(|stop| *stop >= least).await.is_err() {
        std::future::pending::<()>().await;
    }
}
