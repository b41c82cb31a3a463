//! A drawing of states and arrows in layers: where it begins on top, where it ends at the bottom.
//!
//! The usual four steps, small, because an operation has a dozen states: arrows that lead back are turned round; states stand in
//! the layer after the last that leads to them, ends together in the last one; states of a layer are ordered so that few arrows
//! cross; then each moves to the middle of what it is joined to. An arrow over several layers goes through a gap in each.

use std::fmt::Write;

/// Of a state's box.
pub const WIDTH: i32 = 176;
/// Of a state's box.
pub const HEIGHT: i32 = 60;
const GAP: i32 = 22;
const ROW: i32 = HEIGHT + 46;
const MARGIN: i32 = 16;
/// What an arrow takes that passes through a layer.
const PASSAGE: i32 = 12;
/// How far beside its box's middle an arrow that leads back ends, so that it is not taken for its opposite.
const ASIDE: i32 = 26;
const SWEEPS: usize = 12;

/// Where everything is, in the units of the drawing.
#[derive(Debug)]
pub struct Drawing {
    /// Of the whole.
    pub width: i32,
    /// Of the whole.
    pub height: i32,
    /// The left upper corner of each state's box, in the order in which they were given.
    pub boxes: Vec<(i32, i32)>,
    /// Each arrow as the path of an SVG, in the order in which they were given.
    pub paths: Vec<String>,
}

/// A place in a layer: a state's, or a gap for an arrow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    State(usize),
    Gap,
}

struct Graph {
    places: Vec<Place>,
    /// The layer of each place.
    layer: Vec<usize>,
    /// Places of neighbouring layers that are joined, the upper one first.
    joins: Vec<(usize, usize)>,
    /// Through which places each arrow goes, from above; empty for one that stays where it is.
    routes: Vec<Vec<usize>>,
    back: Vec<bool>,
}

/// Draws so many states with these arrows; `ends`: whether a state is an end.
pub fn lay_out(arrows: &[(usize, usize)], ends: &[bool]) -> Drawing {
    let graph = layered(arrows, ends);
    let rows = ordered(&graph);
    let x = spread(&graph, &rows);
    let low = (0..x.len()).map(|p| x[p] - graph.half(p)).min().unwrap_or(0) - MARGIN;
    let high = (0..x.len()).map(|p| x[p] + graph.half(p)).max().unwrap_or(0) + MARGIN;
    let at = |place: usize| (x[place] - low, MARGIN + i32::try_from(graph.layer[place]).unwrap_or(0) * ROW);
    let boxes = (0..ends.len()).map(|state| (at(state).0 - WIDTH / 2, at(state).1)).collect();
    let paths = arrows.iter().enumerate().map(|(arrow, (from, _))| match graph.routes[arrow].as_slice() {
        [] => around(at(*from)),
        route => through(&route.iter().map(|place| at(*place)).collect::<Vec<_>>(), graph.back[arrow]),
    });
    let paths = paths.collect();
    Drawing {
        width: high - low,
        height: i32::try_from(rows.len()).unwrap_or(0) * ROW - ROW + HEIGHT + 2 * MARGIN,
        boxes,
        paths,
    }
}

impl Graph {
    fn half(&self, place: usize) -> i32 {
        if self.places[place] == Place::Gap { PASSAGE / 2 } else { WIDTH / 2 }
    }

    fn joined(&self, place: usize, above: bool) -> impl Iterator<Item = usize> {
        self.joins.iter().filter_map(move |(upper, lower)| match above {
            true => (*lower == place).then_some(*upper),
            false => (*upper == place).then_some(*lower),
        })
    }
}

fn layered(arrows: &[(usize, usize)], ends: &[bool]) -> Graph {
    let back = leading_back(arrows, ends.len());
    let forward = |(arrow, _): &(usize, &(usize, usize))| !back[*arrow];
    let mut layer = vec![0; ends.len()];
    // A path without a circle is no longer than there are states.
    for _ in 0..ends.len() {
        for (_, (from, to)) in arrows.iter().enumerate().filter(forward) {
            layer[*to] = layer[*to].max(layer[*from] + 1);
        }
    }
    let last = (0..ends.len()).filter(|state| !ends[*state]).map(|state| layer[state] + 1).max().unwrap_or(0);
    (0..ends.len()).filter(|state| ends[*state]).for_each(|state| layer[state] = last);
    let mut graph = Graph {
        places: (0..ends.len()).map(Place::State).collect(),
        layer,
        joins: Vec::new(),
        routes: Vec::new(),
        back,
    };
    for (from, to) in arrows {
        let (upper, lower) = if graph.layer[*from] <= graph.layer[*to] { (*from, *to) } else { (*to, *from) };
        let route = if upper == lower { Vec::new() } else { graph.route(upper, lower) };
        graph.joins.extend(route.windows(2).map(|two| (two[0], two[1])));
        graph.routes.push(route);
    }
    graph
}

impl Graph {
    fn route(&mut self, upper: usize, lower: usize) -> Vec<usize> {
        let mut route = vec![upper];
        for layer in self.layer[upper] + 1..self.layer[lower] {
            self.places.push(Place::Gap);
            self.layer.push(layer);
            route.push(self.places.len() - 1);
        }
        route.push(lower);
        route
    }
}

/// Which arrows lead back to where one can have been before, seen from the first state.
fn leading_back(arrows: &[(usize, usize)], states: usize) -> Vec<bool> {
    fn visit(state: usize, arrows: &[(usize, usize)], on_path: &mut [bool], done: &mut [bool], back: &mut [bool]) {
        on_path[state] = true;
        for (arrow, (_, to)) in arrows.iter().enumerate().filter(|(_, (from, _))| *from == state) {
            if on_path[*to] {
                back[arrow] = true;
            } else if !done[*to] {
                visit(*to, arrows, on_path, done, back);
            }
        }
        (on_path[state], done[state]) = (false, true);
    }
    let (mut on_path, mut done, mut back) = (vec![false; states], vec![false; states], vec![false; arrows.len()]);
    for state in 0..states {
        if !done[state] {
            visit(state, arrows, &mut on_path, &mut done, &mut back);
        }
    }
    back
}

/// The places of each layer, from left to right, so that few arrows cross.
fn ordered(graph: &Graph) -> Vec<Vec<usize>> {
    let layers = graph.layer.iter().max().map_or(0, |last| last + 1);
    let mut rows: Vec<Vec<usize>> = (0..layers)
        .map(|layer| (0..graph.places.len()).filter(|place| graph.layer[*place] == layer).collect())
        .collect();
    let mut rank = vec![0.0; graph.places.len()];
    for sweep in 0..SWEEPS {
        for row in &rows {
            row.iter().enumerate().for_each(|(n, place)| rank[*place] = n as f64);
        }
        let down = sweep % 2 == 0;
        for step in 0..layers {
            let layer = if down { step } else { layers - 1 - step };
            let mean = |place: &usize| {
                let (sum, count) =
                    graph.joined(*place, down).fold((0.0, 0.0), |(sum, count), other| (sum + rank[other], count + 1.0));
                if count > 0.0 { sum / count } else { rank[*place] }
            };
            let mut means: Vec<(f64, usize)> = rows[layer].iter().map(|place| (mean(place), *place)).collect();
            means.sort_by(|a, b| a.0.total_cmp(&b.0));
            rows[layer] = means.into_iter().map(|(_, place)| place).collect();
            rows[layer].iter().enumerate().for_each(|(n, place)| rank[*place] = n as f64);
        }
    }
    rows
}

/// The middle of each place: near the middle of what it is joined to, and apart from its neighbours.
fn spread(graph: &Graph, rows: &[Vec<usize>]) -> Vec<i32> {
    let mut x = vec![0; graph.places.len()];
    for row in rows {
        settle(graph, row, &mut x);
    }
    for sweep in 0..SWEEPS {
        let above = sweep % 2 == 0;
        let each: Vec<&Vec<usize>> = if above { rows.iter().collect() } else { rows.iter().rev().collect() };
        for row in each {
            for place in row {
                let joined: Vec<i32> = graph.joined(*place, above).map(|other| x[other]).collect();
                if let Ok(count) = i32::try_from(joined.len()).map(|count| count.max(1)) {
                    x[*place] = if joined.is_empty() { x[*place] } else { joined.iter().sum::<i32>() / count };
                }
            }
            settle(graph, row, &mut x);
        }
    }
    x
}

/// Pushes the places of a row apart, and the row back by what that moved it on the whole.
fn settle(graph: &Graph, row: &[usize], x: &mut [i32]) {
    let wanted: Vec<i32> = row.iter().map(|place| x[*place]).collect();
    for two in row.windows(2) {
        let least = x[two[0]] + graph.half(two[0]) + GAP + graph.half(two[1]);
        x[two[1]] = x[two[1]].max(least);
    }
    let moved: i32 = row.iter().zip(&wanted).map(|(place, wanted)| x[*place] - wanted).sum();
    let shift = moved / i32::try_from(row.len()).unwrap_or(1).max(1);
    row.iter().for_each(|place| x[*place] -= shift);
}

/// Appends to a path: a `String` takes everything.
fn draw(path: &mut String, part: std::fmt::Arguments<'_>) {
    let _never_fails = path.write_fmt(part);
}

/// From one place down to the next, or, for an arrow that leads back, the same way up.
fn through(places: &[(i32, i32)], back: bool) -> String {
    let aside = if back { ASIDE } else { 0 };
    let last = places.len() - 1;
    let mut points: Vec<(i32, i32)> = Vec::new();
    for (n, (x, y)) in places.iter().enumerate() {
        let x = if n == 0 || n == last { x + aside } else { *x };
        points.extend((n > 0).then_some((x, *y)));
        points.extend((n < last).then_some((x, y + HEIGHT)));
    }
    if back {
        points.reverse();
    }
    let mut path = format!("M{} {}", points[0].0, points[0].1);
    for two in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (two[0], two[1]);
        let middle = i32::midpoint(y0, y1);
        draw(&mut path, format_args!(" C{x0} {middle} {x1} {middle} {x1} {y1}"));
    }
    path
}

/// An arrow that comes back to its own box.
fn around((x, y): (i32, i32)) -> String {
    let right = x + WIDTH / 2;
    format!("M{right} {} c18 -4 18 {} 0 {}", y + HEIGHT - 12, 16 - HEIGHT, 24 - HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaps(drawing: &Drawing) -> bool {
        let boxes = &drawing.boxes;
        let apart = |a: &(i32, i32), b: &(i32, i32)| (a.0 - b.0).abs() >= WIDTH || (a.1 - b.1).abs() >= HEIGHT;
        (0..boxes.len()).any(|n| boxes[n + 1..].iter().any(|other| !apart(&boxes[n], other)))
    }

    #[test]
    fn what_follows_stands_below_and_what_leads_back_leads_up() {
        // looking ⇄ attaching, then bound: as a bind does.
        let drawing = lay_out(&[(0, 1), (1, 2), (2, 1), (1, 3), (0, 3), (1, 1)], &[false, false, false, true]);
        let y: Vec<i32> = drawing.boxes.iter().map(|(_, y)| *y).collect();
        assert!(y[0] < y[1] && y[1] < y[2] && y[2] < y[3], "{y:?}");
        assert!(!overlaps(&drawing));
        let ends = |path: &str| {
            let numbers: Vec<i32> =
                path.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
            (numbers[1], numbers[numbers.len() - 1])
        };
        assert_eq!(ends(&drawing.paths[0]), (y[0] + HEIGHT, y[1]), "down: from below a box to above the next");
        assert_eq!(ends(&drawing.paths[2]), (y[2], y[1] + HEIGHT), "back: from above a box to below the other");
        assert!(drawing.paths[5].contains('c'), "around");
    }

    #[test]
    fn every_operation_can_be_drawn() {
        for kind in workflows::definitions().iter() {
            let states = kind.states();
            let index = |at: &str| states.iter().position(|state| *state == at).unwrap();
            let (mut arrows, mut ends) = (Vec::new(), Vec::new());
            for (n, at) in states.iter().enumerate() {
                match kind.step(at).unwrap() {
                    engine::registry::StepRow::Work { leads_to, .. } => {
                        arrows.extend(leads_to.iter().map(|to| (n, index(to))));
                        ends.push(false);
                    }
                    engine::registry::StepRow::End { .. } => ends.push(true),
                }
            }
            let drawing = lay_out(&arrows, &ends);
            assert!(!overlaps(&drawing), "{}: {:?}", kind.name(), drawing.boxes);
            assert_eq!((drawing.boxes.len(), drawing.paths.len()), (states.len(), arrows.len()));
            let within =
                |(x, y): &(i32, i32)| *x >= 0 && *y >= 0 && x + WIDTH <= drawing.width && y + HEIGHT <= drawing.height;
            assert!(drawing.boxes.iter().all(within), "{}: {drawing:?}", kind.name());
            assert!(drawing.width < 2_000, "{}: {}", kind.name(), drawing.width);
        }
    }
}
