//! An event goes in, a line of text comes out: the same as tracing-subscriber's, at a third of its cost.
//!
//! The library paints every piece, with no colour too, and works out the date anew each time; that was half of all the
//! work that a short answer took. There are no spans in this program, so none are written.

use std::{
    cell::RefCell,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

pub(super) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "a line begins with its time")]
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write_event(writer, SystemTime::now(), event)
    }
}

fn write_event(mut writer: Writer<'_>, now: SystemTime, event: &Event<'_>) -> fmt::Result {
    write_time(&mut writer, now.duration_since(UNIX_EPOCH).unwrap_or_default())?;
    let metadata = event.metadata();
    writer.write_str(match *metadata.level() {
        Level::ERROR => " ERROR ",
        Level::WARN => "  WARN ",
        Level::INFO => "  INFO ",
        Level::DEBUG => " DEBUG ",
        Level::TRACE => " TRACE ",
    })?;
    writer.write_str(metadata.target())?;
    writer.write_char(':')?;
    let mut fields = Fields { writer, result: Ok(()) };
    event.record(&mut fields);
    fields.result?;
    fields.writer.write_char('\n')
}

thread_local! {
    /// A second since the epoch, and how RFC 3339 writes it.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// To the microsecond.
fn write_time(writer: &mut Writer<'_>, since_epoch: Duration) -> fmt::Result {
    let seconds = since_epoch.as_secs();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != seconds {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            *text = humantime::format_rfc3339_seconds(time).to_string();
            *second = seconds;
        }
        writer.write_str(text.trim_end_matches('Z'))
    })?;
    let mut digits = *b".000000Z";
    let mut rest = since_epoch.subsec_micros();
    for digit in digits[1..7].iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    writer.write_str(str::from_utf8(&digits).unwrap_or_default())
}

struct Fields<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Fields<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.write_name(field).and_then(|()| value(&mut self.writer));
        }
    }

    /// The message has no name.
    fn write_name(&mut self, field: &Field) -> fmt::Result {
        self.writer.write_char(' ')?;
        if field.name() != "message" {
            self.writer.write_str(field.name())?;
            self.writer.write_char('=')?;
        }
        Ok(())
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, |writer| write!(writer, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.write(field, |writer| writer.write_str(value));
        } else {
            self.record_debug(field, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::{
        fmt::{MakeWriter, layer},
        layer::SubscriberExt,
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Buffer {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn written(buffer: &Buffer) -> String {
        String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_is_what_the_library_writes() {
        let (ours, theirs) = (Buffer::default(), Buffer::default());
        let subscriber = tracing_subscriber::registry()
            .with(layer().with_ansi(false).with_writer(ours.clone()).event_format(Line))
            .with(layer().with_ansi(false).with_writer(theirs.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "access", path = %"/a b", lane = "v2\"\n", none = None::<&str>, status = 200_u16, ms = 0.125);
            tracing::warn!(
                service = "service1",
                big = 1e-7,
                yes = true,
                "{} failed: {:?}",
                1,
                "why"
            );
            tracing::error!("only a message");
            tracing::debug!(level = ?Level::INFO, negative = -1_i64, "after a field");
            tracing::trace!(message = "named as such", field = 1);
        });
        // The times differ: each layer looks at the clock.
        let without_times = |text: &str| -> Vec<String> {
            text.lines()
                .map(|line| line["2026-01-01T00:00:00.000000Z".len()..].to_owned())
                .collect()
        };
        let (ours, theirs) = (written(&ours), written(&theirs));
        assert_eq!(without_times(&ours), without_times(&theirs));
        assert_eq!(ours.lines().count(), 5);
    }

    #[track_caller]
    fn check_time(since_epoch: Duration, expected: &str) {
        let mut text = String::new();
        write_time(&mut Writer::new(&mut text), since_epoch).unwrap();
        assert_eq!(text, expected);
    }

    #[test]
    fn a_time_has_six_digits_of_a_second_and_follows_the_second() {
        check_time(Duration::new(1_792_800_000, 0), "2026-10-24T00:00:00.000000Z");
        check_time(Duration::new(1_792_800_000, 1_234_999), "2026-10-24T00:00:00.001234Z");
        check_time(Duration::new(1_792_800_059, 999_999_999), "2026-10-24T00:00:59.999999Z");
        check_time(Duration::ZERO, "1970-01-01T00:00:00.000000Z");
    }
}
