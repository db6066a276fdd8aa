//! A bound listener, a configuration and a moment to stop go in; the end of the last request comes out.

use std::time::Duration;

use poem::Server;
use tokio::net::TcpListener;

use crate::{acceptor::NoDelay, config::Config, error::ServerError, routes::endpoint};

/// As in the tutorial: what has not finished by then is cut off.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `shutdown`, then stops accepting and finishes what runs.
pub async fn run(
    listener: TcpListener,
    config: &Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    let endpoint = endpoint(config)?;
    let address = listener.local_addr().map_err(ServerError::Serve)?;
    let acceptor = NoDelay::new(listener).map_err(ServerError::Serve)?;
    tracing::info!("listening on http://{address}");
    Server::new_with_acceptor(acceptor)
        .run_with_graceful_shutdown(endpoint, shutdown, Some(GRACE))
        .await
        .map_err(ServerError::Serve)?;
    tracing::info!("stopped");
    Ok(())
}
