// Orientations from pairs of spots: each pair whose lengths and angle fit two nodes is a seed, which is fitted and
// judged.
#include <algorithm>
#include <string.h>

#include "indexing/few.h"

namespace ewald::indexing::few {
namespace {

constexpr int shares = sizeof spurious / sizeof *spurious;
constexpr double ln_two_pi = 1.8378770664093453;

Index nearest(const Pose& pose, Vec3 q) {
  return {int16_t(rint(dot(pose.direct.row[0], q))), int16_t(rint(dot(pose.direct.row[1], q))),
          int16_t(rint(dot(pose.direct.row[2], q)))};
}
bool is_origin(Index i) { return (i.h | i.k | i.l) == 0; }

void turn_by(Pose& pose, Vec3 step) {
  const double angle = norm(step);
  if (angle < 1e-12) return;
  const Vec3 axis = (1 / angle) * step;
  const double cosine = cos(angle), sine = sin(angle);
  for (int i = 0; i < 3; i++) {
    pose.direct.row[i] = turned(pose.direct.row[i], axis, cosine, sine);
    pose.star.row[i] = turned(pose.star.row[i], axis, cosine, sine);
  }
}

// The nodes that are as long as each spot, and the odds of a node there against none.
void look_up_rings(Work& work, const Lattice& lattice) {
  const double* const begin = lattice.lengths;
  const double* const end = begin + lattice.count;
  for (int i = 0; i < work.count; i++) {
    const Spot& spot = work.spots[i];
    Ring& ring = work.rings[i];
    const double reach = length_errors * spot.sigma;
    ring.from = int(std::lower_bound(begin, end, spot.length - reach) - begin);
    ring.to = int(std::upper_bound(begin, end, spot.length + reach) - begin);
    ring.standing = 0;
    double density = 0;
    for (int n = ring.from; n < ring.to; n++) {
      const double z = (begin[n] - spot.length) / spot.sigma;
      density += exp(-z * z / 2);
      ring.standing += lattice.nodes[n].stands;
    }
    density /= root(2 * pi) * spot.sigma * 4 * pi * spot.length * spot.length * lattice.volume;
    double determinant;
    inverse(spot.scatter, determinant);
    const double peak = 1 / (pow(2 * pi, 1.5) * root(determinant) * lattice.volume);
    ring.odds = peak / ((1 - powder) + powder * density);
  }
}

// Pairs of spots that can give an orientation, those with the fewest candidates first.
int list_pairs(Work& work) {
  int count = 0;
  for (int i = 0; i < work.count; i++)
    for (int j = i + 1; j < work.count; j++) {
      const Ring &a = work.rings[i], &b = work.rings[j];
      if (a.from == a.to || b.from == b.to) continue;
      if (norm(cross(work.spots[i].direction, work.spots[j].direction)) < least_sine) continue;
      const double forth = double(a.standing) * (b.to - b.from), back = double(b.standing) * (a.to - a.from);
      work.pairs[count++] = forth <= back ? Pair{int16_t(i), int16_t(j), forth} : Pair{int16_t(j), int16_t(i), back};
    }
  std::sort(work.pairs, work.pairs + count, [](const Pair& a, const Pair& b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    return a.i != b.i ? a.i < b.i : a.j < b.j;
  });
  return count;
}

// Axes along the sum and the difference of two unit vectors; false if they are parallel.
bool axes_of(Vec3 a, Vec3 b, Cell& axes) {
  const Vec3 sum = a + b, difference = a - b;
  if (dot(sum, sum) < 1e-9 || dot(difference, difference) < 1e-9) return false;
  axes.row[0] = unit(sum);
  axes.row[1] = unit(difference);
  axes.row[2] = cross(axes.row[0], axes.row[1]);
  return true;
}

Pose pose_of(const Lattice& lattice, const Cell& of_spots, const Cell& of_nodes) {
  const auto moved = [&](Vec3 v) {
    return dot(of_nodes.row[0], v) * of_spots.row[0] + dot(of_nodes.row[1], v) * of_spots.row[1] +
           dot(of_nodes.row[2], v) * of_spots.row[2];
  };
  Pose pose;
  for (int i = 0; i < 3; i++) {
    pose.direct.row[i] = moved(lattice.direct.row[i]);
    pose.star.row[i] = moved(lattice.star.row[i]);
  }
  return pose;
}

// One step of Gauss and Newton over the spots inside. Sets the covariance of the orientation and the determinant of its
// inverse; false if the spots do not determine it, or the step is too long.
bool step_towards(const Work& work, Orientation& trial, Symmetric& covariance, double& determinant) {
  Vec3 torque{0, 0, 0};
  Symmetric normal{0, 0, 0, 0, 0, 0};
  for (int i = 0; i < work.count; i++) {
    if (!trial.in[i]) continue;
    const Spot& spot = work.spots[i];
    const Vec3 p = node_at(trial.pose, trial.label[i]);
    torque = torque + cross(p, spot.precision * (spot.q - p));
    // A turn w moves the node by w x p.
    const Vec3 x{0, -p.z, p.y}, y{p.z, 0, -p.x}, z{-p.y, p.x, 0};
    const Vec3 px = spot.precision * x, py = spot.precision * y, pz = spot.precision * z;
    normal.xx += dot(x, px), normal.xy += dot(x, py), normal.xz += dot(x, pz);
    normal.yy += dot(y, py), normal.yz += dot(y, pz), normal.zz += dot(z, pz);
  }
  covariance = inverse(normal, determinant);
  if (!(determinant > 0)) return false;
  const Vec3 step = covariance * torque;
  if (!(dot(step, step) <= largest_step * largest_step)) return false;
  turn_by(trial.pose, step);
  return true;
}

// Whether a spot belongs to a node, given the errors of both.
bool is_inside(const Spot& spot, Vec3 p, const Symmetric& covariance) {
  const Vec3 off = spot.q - p;
  const Vec3 x{0, p.z, -p.y}, y{-p.z, 0, p.x}, z{p.y, -p.x, 0};
  const Vec3 cx = covariance * x, cy = covariance * y, cz = covariance * z;
  Symmetric sum = spot.scatter;
  sum.xx += dot(x, cx), sum.xy += dot(x, cy), sum.xz += dot(x, cz);
  sum.yy += dot(y, cy), sum.yz += dot(y, cz), sum.zz += dot(z, cz);
  if (dot(off, off) >= gate * (sum.xx + sum.yy + sum.zz)) return false;
  double determinant;
  return quadratic(inverse(sum, determinant), off) < gate;
}

// Gives the spots the indices of their nearest nodes; returns how many are inside, and whether any changed.
int label_spots(const Work& work, Orientation& trial, const Symmetric& covariance, bool& changed) {
  int inside = 0;
  changed = false;
  for (int i = 0; i < work.count; i++) {
    const Spot& spot = work.spots[i];
    const Index index = nearest(trial.pose, spot.q);
    const bool in = !is_origin(index) && is_inside(spot, node_at(trial.pose, index), covariance);
    changed = changed || in != trial.in[i] || (in && !(index == trial.label[i]));
    trial.in[i] = in;
    if (in) trial.label[i] = index;
    inside += in;
  }
  return inside;
}

uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// Whether these labels, up to rotations of the lattice, are new.
bool is_new(Work& work, const Lattice& lattice, const Orientation& trial) {
  uint64_t key = ~0ull;
  for (int t = 0; t < lattice.turns; t++) {
    uint64_t hash = 1;
    for (int i = 0; i < work.count; i++) {
      const Index index = trial.in[i] ? turned(lattice.group[t], trial.label[i]) : Index{INT16_MAX, 0, 0};
      hash = mixed(hash + (uint64_t(uint16_t(index.h)) << 32 | uint64_t(uint16_t(index.k)) << 16 | uint16_t(index.l)));
    }
    key = std::min(key, hash | 1);
  }
  for (uint64_t at = key;; at++) {
    uint64_t& slot = work.seen[at % seen_slots];
    if (slot == key) return false;
    if (slot != 0) continue;
    slot = key;
    work.seen_count++;
    return true;
  }
}

// Fits an orientation to the spots that it explains; false if that leads nowhere, or where another has been.
bool fit(Work& work, const Lattice& lattice, double& determinant) {
  Orientation& trial = work.trial;
  for (int round = 0;; round++) {
    Symmetric covariance;
    if (!step_towards(work, trial, covariance, determinant)) return false;
    if (round == fit_rounds - 1) return true;
    bool changed;
    if (label_spots(work, trial, covariance, changed) < least_spots) return false;
    if (round == 0 && !is_new(work, lattice, trial)) return false;
    if (round > 0 && !changed) return true;
  }
}

// ln of the likelihood of the spots against none, and which of them belong to the lattice.
double ln_likelihood(Work& work) {
  Orientation& trial = work.trial;
  double odds[max_spots];
  for (int i = 0; i < work.count; i++) {
    const Spot& spot = work.spots[i];
    trial.label[i] = nearest(trial.pose, spot.q);
    odds[i] = is_origin(trial.label[i])
                  ? 0
                  : work.rings[i].odds *
                        exp(-quadratic(spot.precision, spot.q - node_at(trial.pose, trial.label[i])) / 2);
  }
  // Of two spots at a node the nearer counts.
  for (int i = 0; i < work.count; i++)
    for (int j = 0; j < i; j++)
      if (odds[i] > 0 && odds[j] > 0 && trial.label[i] == trial.label[j]) (odds[i] > odds[j] ? odds[j] : odds[i]) = 0;
  double ln[shares] = {};
  trial.inside = 0;
  for (int i = 0; i < work.count; i++) {
    for (int s = 0; s < shares; s++) ln[s] += log(spurious[s] + (1 - spurious[s]) * odds[i]);
    trial.in[i] = odds[i] > 1;
    trial.inside += trial.in[i];
  }
  const double most = *std::max_element(ln, ln + shares);
  double sum = 0;
  for (int s = 0; s < shares; s++) sum += exp(ln[s] - most) / shares;
  return most + log(sum);
}

bool has_labels(const Orientation& a, const Orientation& b, const Turn& turn, int sign, int count) {
  int common = 0;
  for (int i = 0; i < count; i++) {
    if (!a.in[i] || !b.in[i]) continue;
    const Index t = turned(turn, a.label[i]);
    if (!(Index{int16_t(sign * t.h), int16_t(sign * t.k), int16_t(sign * t.l)} == b.label[i])) return false;
    common++;
  }
  return common >= 2;
}

// Common spots in one row leave the turn about it open.
bool has_axes(const Pose& a, const Pose& b, const Turn& turn) {
  for (int axis = 0; axis < 3; axis++) {
    const Vec3 own = a.star.row[axis];
    const Index as{int16_t(axis == 0), int16_t(axis == 1), int16_t(axis == 2)};
    const Vec3 off = own - node_at(b, turned(turn, as));
    if (dot(off, off) >= same_axis * dot(own, own)) return false;
  }
  return true;
}

// Keeps an orientation, as a new one or in the place of the same one that fits less well.
void keep(Work& work, const Lattice& lattice) {
  const Orientation& trial = work.trial;
  if (trial.ln_odds < work.best - ln_within) return;
  work.best = std::max(work.best, trial.ln_odds);
  int place = work.founds;
  for (int f = 0; f < work.founds && place == work.founds; f++)
    for (int t = 0; t < lattice.turns && work.found[f].cell == trial.cell; t++)
      if (has_labels(trial, work.found[f], lattice.group[t], 1, work.count) &&
          has_axes(trial.pose, work.found[f].pose, lattice.group[t])) {
        place = f;
        break;
      }
  if (place == max_poses)
    for (int f = place = 0; f < max_poses; f++)
      if (work.found[f].ln_odds < work.found[place].ln_odds) place = f;
  if (place < work.founds && work.found[place].ln_odds >= trial.ln_odds) return;
  work.found[place] = trial;
  work.founds = std::max(work.founds, place + 1);
}

void try_seed(Work& work, const Lattice& lattice, const Pair& pair, const Node& a, const Node& b,
              const Cell& of_spots) {
  Cell of_nodes;
  if (!axes_of((1 / a.length) * a.q, (1 / b.length) * b.q, of_nodes)) return;
  Orientation& trial = work.trial;
  trial.pose = pose_of(lattice, of_spots, of_nodes);
  memset(trial.in, 0, sizeof trial.in);
  trial.in[pair.i] = trial.in[pair.j] = true;
  trial.label[pair.i] = a.index;
  trial.label[pair.j] = b.index;
  double determinant;
  if (!fit(work, lattice, determinant)) return;
  const double ln = ln_likelihood(work);
  if (trial.inside < least_spots) return;
  trial.ln_odds = ln + 1.5 * ln_two_pi - log(determinant) / 2 - log(8 * pi * pi) + log(double(lattice.turns));
  keep(work, lattice);
}

// Tries all pairs of nodes that have the lengths and the angle of two spots; returns how many.
int try_pair(Work& work, const Lattice& lattice, const Pair& pair) {
  const Spot &p = work.spots[pair.i], &q = work.spots[pair.j];
  const Ring &from = work.rings[pair.i], &to = work.rings[pair.j];
  const Vec3 normal = unit(cross(p.direction, q.direction));
  const double angle = acos(dot(p.direction, q.direction));
  const double error = root(quadratic(p.scatter, cross(normal, p.direction)) / (p.length * p.length) +
                            quadratic(q.scatter, cross(normal, q.direction)) / (q.length * q.length));
  const double least = cos(std::min(pi, angle + angle_errors * error));
  const double most = cos(std::max(0.0, angle - angle_errors * error));
  Cell of_spots;
  if (!axes_of(p.direction, q.direction, of_spots)) return 0;
  int seeds = 0;
  for (int i = from.from; i < from.to; i++) {
    const Node& a = lattice.nodes[i];
    if (!a.stands) continue;
    for (int j = to.from; j < to.to; j++) {
      const Node& b = lattice.nodes[j];
      const double cosine = dot(a.q, b.q), scale = a.length * b.length;
      if (cosine < least * scale || cosine > most * scale) continue;
      seeds++;
      try_seed(work, lattice, pair, a, b, of_spots);
      if (work.seen_count > seen_slots / 2) return seeds;
    }
  }
  return seeds;
}

}  // namespace

bool same_labels(const Lattice& lattice, const Work& work, const Orientation& a, const Orientation& b, int sign) {
  if (a.cell != b.cell) return false;
  for (int t = 0; t < lattice.turns; t++)
    if (has_labels(a, b, lattice.group[t], sign, work.count)) return true;
  return false;
}

void search(Work& work, const Lattice& lattice, int cell) {
  look_up_rings(work, lattice);
  memset(work.seen, 0, sizeof work.seen);
  work.seen_count = 0;
  work.trial.cell = cell;
  const int pairs = list_pairs(work);
  int seeds = 0;
  for (int i = 0; i < pairs; i++) {
    if (seeds > most_seeds || (seeds > enough_seeds && work.best > sure_ln_odds)) break;
    if (work.seen_count > seen_slots / 2) break;
    seeds += try_pair(work, lattice, work.pairs[i]);
  }
}

}  // namespace ewald::indexing::few
