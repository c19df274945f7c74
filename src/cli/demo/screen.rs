//! The demo's moving board: drawn over itself on a terminal, and nothing at all in a pipe.

use super::super::console::Console;
use super::super::standings;
use crate::log::Client;
use crate::read::ReadError;
use crate::read::board::{Board, Column, RankBy, Ranks};
use crate::wire::Codec;
use std::io::Write;
use std::time::{Duration, Instant};

/// Four pictures a second.
const EVERY: Duration = Duration::from_millis(250);
/// Movement is against the ranks of this long ago.
const COMPARED: Duration = Duration::from_secs(5);
const LINES: usize = 14;

/// The board as it is shown.
pub struct Screen {
    board: Board,
    measure: &'static str,
    drawn: Option<Instant>,
    before: Ranks,
    newest: Ranks,
    compared: Instant,
}

impl Screen {
    pub fn open(client: &dyn Client, codec: &Codec, measure: &'static str) -> Result<Screen, ReadError> {
        let board = Board::open(client, codec)?;
        let (before, newest) = (Ranks::default(), Ranks::default());
        Ok(Screen { board, measure, drawn: None, before, newest, compared: Instant::now() })
    }

    /// Follows the log and draws when a picture is due.
    pub fn refresh(&mut self, client: &dyn Client, codec: &Codec, console: &Console, caption: &str) -> anyhow::Result<()> {
        if !console.screen || self.drawn.is_some_and(|drawn| drawn.elapsed() < EVERY) {
            return Ok(());
        }
        self.board.follow(client, codec)?;
        let Some(column) = self.board.newest(Some(self.measure), None).cloned() else { return Ok(()) };
        self.remember(&column);
        let mut picture = vec![console.bold("accrue demo: a made-up company"), caption.to_string(), String::new()];
        let standings = self.board.standings(&column, RankBy::Attainment, None, LINES, &self.before);
        picture.extend(standings::lines(&column, &standings));
        draw(&picture, self.drawn.is_none())?;
        self.drawn = Some(Instant::now());
        Ok(())
    }

    fn remember(&mut self, column: &Column) {
        if self.compared.elapsed() >= COMPARED || self.drawn.is_none() {
            self.before = std::mem::replace(&mut self.newest, self.board.ranks(column, RankBy::Attainment, None));
            self.compared = Instant::now();
        }
    }
}

/// Draws over the last picture: home, each line wiped to its end, then what is left below.
fn draw(lines: &[String], first: bool) -> std::io::Result<()> {
    let mut picture = String::from(if first { "\u{1b}[2J\u{1b}[H" } else { "\u{1b}[H" });
    for line in lines {
        picture.push_str(line);
        picture.push_str("\u{1b}[K\n");
    }
    picture.push_str("\u{1b}[J");
    let mut out = std::io::stdout().lock();
    out.write_all(picture.as_bytes())?;
    out.flush()
}
