//! The states of an operation as a drawing, with the path that a workflow took and where it stands.

use engine::registry::{Definition, StepRow};

use super::layout::{HEIGHT, WIDTH, lay_out};
use crate::{console::page::Page, desk::workflows::Workflow};

/// Letters that fit into a line of a box, and lines into a box.
const LETTERS: usize = 27;
const LINES: usize = 3;

/// The drawing.
pub struct Diagram {
    pub width: i32,
    pub height: i32,
    pub boxes: Vec<Node>,
    pub arrows: Vec<Arrow>,
}

/// A state.
pub struct Node {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
    /// How it looks: `here`, `been`, `end`.
    pub class: String,
    /// The state's name.
    pub state: &'static str,
    /// Lines of words, each with its middle.
    pub lines: Vec<(i32, i32, String)>,
}

/// An arrow.
pub struct Arrow {
    pub path: String,
    /// It was taken.
    pub taken: bool,
    /// By a person's decision.
    pub decided: bool,
}

/// Where a workflow was, in words: the path, in order, and where it stands.
pub fn path(page: &Page, workflow: &Workflow, kind: Option<&dyn Definition>) -> Vec<String> {
    let words = |state: &str| {
        let step = kind.and_then(|kind| kind.step(state));
        step.map_or_else(|| state.to_owned(), |step| page.either(step.text().pt, step.text().en).to_owned())
    };
    visited(workflow).iter().map(|state| words(state)).collect()
}

/// The states in the order in which it was in them; the last is where it stands.
fn visited(workflow: &Workflow) -> Vec<&str> {
    let steps = workflow.steps.iter().map(|step| step.state.as_str());
    let mut states: Vec<&str> = steps.chain(workflow.summary.state.as_deref()).collect();
    states.dedup();
    states
}

/// Draws a kind's table, and a workflow's way through it.
pub fn draw(page: &Page, workflow: &Workflow, kind: &dyn Definition) -> Diagram {
    let states = kind.states();
    let index = |at: &str| states.iter().position(|state| *state == at);
    let visited: Vec<usize> = visited(workflow).into_iter().filter_map(index).collect();
    let taken: Vec<(usize, usize)> = visited.windows(2).map(|two| (two[0], two[1])).collect();
    let (mut arrows, mut ends, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (n, at) in states.iter().enumerate() {
        let step = kind.step(at);
        if let Some(StepRow::Work { leads_to, .. }) = &step {
            arrows.extend(leads_to.iter().filter_map(|to| index(to)).map(|to| (n, to, false)));
        }
        // A person may send it elsewhere from nearly everywhere: only what a person did is drawn, else nothing could be seen.
        let decided = kind.decisions(at).into_iter().filter_map(|(_, to)| index(to)).map(|to| (n, to));
        let decided: Vec<_> = decided.filter(|two| taken.contains(two)).map(|(n, to)| (n, to, true)).collect();
        for arrow in decided {
            if !arrows.iter().any(|(from, to, _)| (*from, *to) == (arrow.0, arrow.1)) {
                arrows.push(arrow);
            }
        }
        ends.push(matches!(step, Some(StepRow::End { .. })));
        texts.push(step.map_or(*at, |step| page.either(step.text().pt, step.text().en)));
    }
    let joined: Vec<(usize, usize)> = arrows.iter().map(|(from, to, _)| (*from, *to)).collect();
    let drawing = lay_out(&joined, &ends);
    let boxes = drawing.boxes.iter().enumerate().map(|(n, (x, y))| Node {
        x: *x,
        y: *y,
        width: WIDTH,
        height: HEIGHT,
        class: classes(visited.last() == Some(&n), visited.contains(&n), ends[n]),
        state: states[n],
        lines: lines(texts[n], *x, *y),
    });
    let arrow = |(path, (from, to, decided)): (String, &(usize, usize, bool))| Arrow {
        path,
        taken: taken.contains(&(*from, *to)),
        decided: *decided,
    };
    Diagram {
        width: drawing.width,
        height: drawing.height,
        boxes: boxes.collect(),
        arrows: drawing.paths.into_iter().zip(&arrows).map(arrow).collect(),
    }
}

fn classes(here: bool, been: bool, end: bool) -> String {
    let names = [(here, "here"), (been, "been"), (end, "end")];
    names.iter().filter(|(so, _)| *so).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

/// Words in the middle of a box, in as many lines as fit.
fn lines(text: &str, x: i32, y: i32) -> Vec<(i32, i32, String)> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LETTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > LINES {
        lines.truncate(LINES);
        lines.iter_mut().skip(LINES - 1).for_each(|line| line.push('…'));
    }
    let first = y + HEIGHT / 2 + 4 - 8 * (i32::try_from(lines.len()).unwrap_or(1) - 1);
    lines.into_iter().zip((first..).step_by(16)).map(|(line, y)| (x + WIDTH / 2, y, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_broken_into_lines_that_fit() {
        let broken =
            lines("olhar se o serviço antigo está na porta, e o que a plataforma diz dele desde ontem à noite", 0, 0);
        assert_eq!(broken.len(), 3);
        assert!(broken.iter().all(|(_, _, line)| line.chars().count() <= LETTERS + 1), "{broken:?}");
        assert!(broken[2].2.ends_with('…'));
        assert_eq!(lines("vincular", 10, 20), [(10 + WIDTH / 2, 20 + HEIGHT / 2 + 4, "vincular".to_owned())]);
    }
}
