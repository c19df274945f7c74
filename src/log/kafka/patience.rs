//! Questions whose answer is a moment away: while the cluster moves or finds a leader or a coordinator, the same question is
//! asked again. How long, the request timeout says; what an error means then is not decided here.

use super::KafkaSettings;
use rdkafka::error::{KafkaResult, RDKafkaErrorCode as Code};
use std::time::{Duration, Instant};

/// Between two questions.
const AGAIN: Duration = Duration::from_millis(20);

/// Asks again while the cluster has not settled who answers.
pub fn patiently<T>(settings: &KafkaSettings, ask: impl Fn() -> KafkaResult<T>) -> KafkaResult<T> {
    let deadline = Instant::now() + settings.request_timeout();
    loop {
        let answer = ask();
        let code = answer.as_ref().err().and_then(|error| error.rdkafka_error_code());
        if !code.is_some_and(unsettled) || Instant::now() > deadline {
            return answer;
        }
        std::thread::sleep(AGAIN);
    }
}

fn unsettled(code: Code) -> bool {
    matches!(
        code,
        Code::NotLeaderForPartition
            | Code::LeaderNotAvailable
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::WaitingForCoordinator
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::error::KafkaError;
    use std::cell::Cell;

    #[test]
    fn what_is_not_settled_is_asked_again_and_nothing_else() {
        let settings = |request_timeout_ms| KafkaSettings { request_timeout_ms, ..KafkaSettings::new("localhost:9092") };
        let cases = [
            (Code::NotLeaderForPartition, 3, Ok(()), 4),
            (Code::LeaderNotAvailable, 3, Ok(()), 4),
            (Code::CoordinatorLoadInProgress, 3, Ok(()), 4),
            (Code::CoordinatorNotAvailable, 3, Ok(()), 4),
            (Code::NotCoordinator, 3, Ok(()), 4),
            (Code::WaitingForCoordinator, 3, Ok(()), 4),
            (Code::UnknownTopicOrPartition, 3, Err(Code::UnknownTopicOrPartition), 1),
            (Code::OperationTimedOut, 3, Err(Code::OperationTimedOut), 1),
        ];
        for (code, times, expected, asked) in cases {
            let asks = Cell::new(0);
            let answer = patiently(&settings(60_000), || {
                asks.set(asks.get() + 1);
                if asks.get() > times { Ok(()) } else { Err(KafkaError::OffsetFetch(code)) }
            });
            assert_eq!(answer.map_err(|error| error.rdkafka_error_code().unwrap()), expected, "{code:?}");
            assert_eq!(asks.get(), asked, "{code:?}");
        }
        let (began, settings) = (Instant::now(), settings(100));
        let answer: KafkaResult<()> = patiently(&settings, || Err(KafkaError::OffsetFetch(Code::NotCoordinator)));
        assert!(answer.is_err() && began.elapsed() >= settings.request_timeout(), "{:?}", began.elapsed());
    }
}
