//! A request for a plain greeting goes in, the greeting comes out, late by a random delay.

use std::sync::Arc;

use poem::{Endpoint, Request, Result};

use crate::pace::Pace;

pub(crate) struct Greeting {
    pub(crate) text: &'static str,
    pub(crate) pace: Arc<Pace>,
}

impl Endpoint for Greeting {
    type Output = &'static str;

    async fn call(&self, _: Request) -> Result<&'static str> {
        let _timer = self.pace.take().await;
        Ok(self.text)
    }
}
