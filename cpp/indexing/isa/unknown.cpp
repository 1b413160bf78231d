// Proposes cells from one image, without a known cell.
//
// Along a lattice vector v the projections v . s of all spots are integers. So every vector of the half ball from the
// shortest to the longest edge is tried on a grid fine enough for the lowest-resolution spots (scan), the best are
// fitted by least squares to more and more spots (climb_vectors), and every three of them are tried as a cell
// (combine_vectors): the number of spots near a node of all three decides, and among cells that explain equally many
// the smallest wins.
//
// Source of the idea: Steller, Bolotovsky and Rossmann, J. Appl. Cryst. 30 (1997) 1036, with sums of plane waves at
// points of a grid instead of transforms along directions, so that nothing that neighbours share is computed twice.
#include "common/simd.h"
#include "indexing/least_squares.h"
#include "indexing/unknown.h"

namespace ewald::EWALD_ISA {
using namespace ewald::indexing;

namespace {

constexpr float node_limit2 = float(unknown_node_limit) * float(unknown_node_limit);

constexpr int points_at_once = width == 16 ? 4 : 2;

struct Grid {
  int spots;
  double reach;  // resolution of the outermost spot
  double coarser;
};

double sums_of(double periods, int spots) {
  return 2 * M_PI / 3 / (scan_direction_step * scan_direction_step * scan_length_step) * periods * periods * periods *
         spots;
}

// The spots that the scan uses: as many as the cost allows.
Grid grid_for(const UnknownWork& work, double max_length) {
  const auto reach = [&](int n) {
    const double* s = work.spot[n - 1];
    return norm(Vec3{s[0], s[1], s[2]});
  };
  Grid grid{work.spots < max_scan_spots ? work.spots : max_scan_spots, 0, 1};
  while (grid.spots > min_scan_spots && sums_of(max_length * reach(grid.spots), grid.spots) > max_scan_sums)
    grid.spots--;
  grid.reach = reach(grid.spots);
  const double sums = sums_of(max_length * grid.reach, grid.spots);
  if (sums > max_scan_sums) grid.coarser = cbrt(sums / max_scan_sums);
  return grid;
}

// Keeps the best points of one length, worst last; neighbours of a better point are dropped.
struct Best {
  Wave* points;
  int count = 0;
  float apart2;
  float min() const { return count < points_per_length ? 0.0f : points[count - 1].score; }
  void offer(const Wave& p) {
    int at = count;
    for (int i = 0; i < count; i++) {
      const float dx = p.x - points[i].x, dy = p.y - points[i].y, dz = p.z - points[i].z;
      if (dx * dx + dy * dy + dz * dz < apart2) {
        if (p.score <= points[i].score) return;
        for (int k = i + 1; k < count; k++) points[k - 1] = points[k];
        count--;
        i--;
      }
    }
    at = count;
    while (at > 0 && points[at - 1].score < p.score) at--;
    if (at == points_per_length) return;
    if (count < points_per_length) count++;
    for (int k = count - 1; k > at; k--) points[k] = points[k - 1];
    points[at] = p;
  }
};

// Scans one length: its directions are a golden spiral over the half sphere. A spot adds (1 - 4 d^2)^2, d its distance
// from the nearest plane in periods, which is close enough to a cosine; on the plane through the origin it adds half of
// that, because a short vector has every spot there.
void scan_length(const UnknownWork& work, const Grid& grid, double length, Best& best) {
  const double periods = length * grid.reach;
  const double step = scan_direction_step * grid.coarser;
  int points = int(2 * M_PI * periods * periods / (step * step));
  if (points < min_scan_directions) points = min_scan_directions;
  float scaled[max_scan_spots][3];
  for (int j = 0; j < grid.spots; j++)
    for (int k = 0; k < 3; k++) scaled[j][k] = float(length * work.spot[j][k]);
  const double golden = M_PI * (3 - ::sqrt(5.0));
  float azimuth_cos[points_at_once * width], azimuth_sin[points_at_once * width];
  for (int k = 0; k < points_at_once * width; k++) {
    azimuth_cos[k] = float(cos(golden * k));
    azimuth_sin[k] = float(sin(golden * k));
  }
  const double turn = golden * (points_at_once * width);
  int32_t index[width];
  for (int k = 0; k < width; k++) index[k] = k;
  const I lane = load(index);
  for (int first = 0; first < points; first += points_at_once * width) {
    // Recomputed in double for each block, so that errors do not accumulate.
    const double from = turn * double(first / (points_at_once * width));
    const F c0 = splat(float(cos(from))), s0 = splat(float(sin(from)));
    F x[points_at_once], y[points_at_once], z[points_at_once], sum[points_at_once];
    for (int b = 0; b < points_at_once; b++) {
      const F c = load(azimuth_cos + b * width), s = load(azimuth_sin + b * width);
      const F place = __builtin_convertvector(lane + splat(int32_t(first + b * width)), F) + splat(0.5f);
      const F drop = min(place * splat(1.0f / float(points)), splat(1.0f));
      const F radius = sqrt(drop * (splat(2.0f) - drop));
      z[b] = splat(1.0f) - drop;
      x[b] = radius * fnma(s0, s, c0 * c);
      y[b] = radius * fma(s0, c, c0 * s);
      sum[b] = zero();
    }
    for (int j = 0; j < grid.spots; j++) {
      const F sx = splat(scaled[j][0]), sy = splat(scaled[j][1]), sz = splat(scaled[j][2]);
#pragma GCC unroll 4
      for (int b = 0; b < points_at_once; b++) {
        const F t = fma(x[b], sx, fma(y[b], sy, z[b] * sz));
        const F n = round_even(t), d = t - n;
        const F g = fnma(splat(4.0f) * d, d, splat(1.0f));
        const F w = choose(lt(n * n, splat(0.5f)), splat(float(origin_support)), splat(1.0f));
        sum[b] = fma(g * w, g, sum[b]);
      }
    }
    for (int b = 0; b < points_at_once; b++) {
      uint32_t better = lanes(lt(splat(best.min()), sum[b]));
      if (better == 0) continue;
      float px[width], py[width], pz[width], score[width];
      store(px, x[b]);
      store(py, y[b]);
      store(pz, z[b]);
      store(score, sum[b]);
      for (; better != 0; better &= better - 1) {
        const int k = __builtin_ctz(better);
        if (first + b * width + k >= points) break;
        const float l = float(length);
        best.offer({px[k] * l, py[k] * l, pz[k] * l, score[k]});
      }
    }
  }
}

// Points of the scan, best first.
int scan(UnknownWork& work, double min_length, double max_length) {
  const Grid grid = grid_for(work, max_length);
  // The spread of the spots itself looks like a wave of about 1 / reach: shorter vectors cannot be distinguished from
  // it.
  const double shortest = min_length > shortest_wave / grid.reach ? min_length : shortest_wave / grid.reach;
  double step = scan_length_step * grid.coarser / grid.reach;
  if ((max_length - shortest) / step > max_scan_lengths - 1) step = (max_length - shortest) / (max_scan_lengths - 1);
  int count = 0;
  for (int k = 0; k < max_scan_lengths; k++) {
    const double length = shortest + k * step;
    if (length > max_length + 0.5 * step) break;
    const double apart = scan_direction_step * grid.coarser / grid.reach * points_apart;
    Best best{work.points + count, 0, float(apart * apart)};
    scan_length(work, grid, length, best);
    count += best.count;
  }
  // Comb sort: there are few elements, it is simple, and code of an instruction set may not use a library.
  for (int gap = count / 2; gap > 0; gap /= 2)
    for (int i = gap; i < count; i++) {
      const Wave p = work.points[i];
      int j = i;
      for (; j >= gap && work.points[j - gap].score < p.score; j -= gap) work.points[j] = work.points[j - gap];
      work.points[j] = p;
    }
  return count;
}

// Least squares of v . s = round(v . s) over the first `n` spots within `limit` of a plane; false when few agree.
bool fit_vector(const UnknownWork& work, Vec3& v, int n, double limit) {
  double normal[6] = {0, 0, 0, 0, 0, 0}, right[3] = {0, 0, 0};
  int used = 0;
  for (int j = 0; j < n; j++) {
    const double *s = work.spot[j], t = v.x * s[0] + v.y * s[1] + v.z * s[2], m = rint(t), off = m - t;
    if (fabs(off) > limit) continue;
    used++;
    normal[0] += s[0] * s[0];
    normal[1] += s[0] * s[1];
    normal[2] += s[0] * s[2];
    normal[3] += s[1] * s[1];
    normal[4] += s[1] * s[2];
    normal[5] += s[2] * s[2];
    for (int k = 0; k < 3; k++) right[k] += off * s[k];
  }
  if (used < min_unknown_fit_spots) return false;
  // A small weight on the starting value fixes directions that no spot determines.
  const double damping = unknown_damping * (normal[0] + normal[3] + normal[5]) / 3;
  normal[0] += damping;
  normal[3] += damping;
  normal[5] += damping;
  double move[3];
  if (!solve(normal, right, move)) return false;
  v = v + Vec3{move[0], move[1], move[2]};
  return true;
}

// Number of spots near a plane of the vector; spots on the plane through the origin count half.
float support_of(const UnknownWork& work, Vec3 v) {
  float support = 0;
  for (int j = 0; j < work.spots; j++) {
    const double *s = work.spot[j], t = v.x * s[0] + v.y * s[1] + v.z * s[2], d = fabs(t - rint(t));
    if (d < support_limit) support += fabs(t) < 0.5 ? float(origin_support) : 1.0f;
  }
  return support;
}

double apart(Vec3 u, Vec3 v) {
  const double a = norm(u - v), b = norm(u + v);
  return a < b ? a : b;
}

// The best points become vectors, distinct up to sign, best supported first.
int climb_vectors(UnknownWork& work, int points, double min_length, double max_length) {
  int starts = 0, count = 0;
  for (int i = 0; i < points && starts < max_starts; i++) {
    const Vec3 start{work.points[i].x, work.points[i].y, work.points[i].z};
    const double length = norm(start);
    bool seen = false;
    for (int k = 0; k < starts && !seen; k++)
      seen = apart(start, work.starts[k]) < start_length_share * length + start_gap;
    if (seen) continue;
    work.starts[starts++] = start;
    Vec3 v = start;
    int used = work.spots < max_scan_spots ? work.spots : max_scan_spots;
    bool good = true;
    for (int round = 0; round < climb_rounds; round++) {
      good = good && fit_vector(work, v, used, climb_round_of(round).limit);
      used = 2 * used < work.spots ? 2 * used : work.spots;
    }
    const double fitted = norm(v);
    if (!good || fabs(fitted / length - 1) > max_stretch || fitted < min_length || fitted > max_length) continue;
    const float support = support_of(work, v);
    int twin = 0;
    while (twin < count && apart(v, {work.vectors[twin].x, work.vectors[twin].y, work.vectors[twin].z}) >
                               twin_length_share * fitted + twin_gap)
      twin++;
    if (twin < count && work.vectors[twin].score >= support) continue;
    if (twin == count) count++;
    work.vectors[twin] = {float(v.x), float(v.y), float(v.z), support};
  }
  return count;
}

double length_of(const Wave& v) { return ::sqrt(double(v.x) * v.x + double(v.y) * v.y + double(v.z) * v.z); }

// Half of the places are for the best supported vectors, half for the shortest of the well supported ones: a small cell
// has many long vectors that are as good.
int choose_vectors(UnknownWork& work, int count) {
  const auto sort = [&](int from, int to, auto before) {
    for (int i = from + 1; i < to; i++) {
      const Wave v = work.vectors[i];
      int j = i;
      for (; j > from && before(v, work.vectors[j - 1]); j--) work.vectors[j] = work.vectors[j - 1];
      work.vectors[j] = v;
    }
  };
  sort(0, count, [](const Wave& a, const Wave& b) { return a.score > b.score; });
  if (count <= max_unknown_vectors) return count;
  const float enough = float(enough_support) * work.vectors[0].score;
  const int half = max_unknown_vectors / 2;
  int good = half;
  while (good < count && work.vectors[good].score >= enough) good++;
  sort(half, good, [](const Wave& a, const Wave& b) { return length_of(a) < length_of(b); });
  return max_unknown_vectors;
}

// Fits all nine numbers by least squares, with indices recomputed each round; false if the fit diverges.
bool fit_cell(const UnknownWork& work, Cell& cell) {
  const double before = volume(cell);
  for (int round = 0; round < cell_rounds; round++) {
    const double limit = cell_round_of(round).limit;
    double normal[6] = {0, 0, 0, 0, 0, 0}, right[3][3] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
    int used = 0;
    for (int j = 0; j < work.spots; j++) {
      const double* s = work.spot[j];
      double off[3], square = 0;
      for (int k = 0; k < 3; k++) {
        const double t = dot(cell.row[k], {s[0], s[1], s[2]});
        off[k] = rint(t) - t;
        square += off[k] * off[k];
      }
      if (square > limit * limit) continue;
      used++;
      normal[0] += s[0] * s[0];
      normal[1] += s[0] * s[1];
      normal[2] += s[0] * s[2];
      normal[3] += s[1] * s[1];
      normal[4] += s[1] * s[2];
      normal[5] += s[2] * s[2];
      for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++) right[k][i] += off[k] * s[i];
    }
    if (used < min_unknown_fit_spots) return false;
    const double damping = unknown_damping * (normal[0] + normal[3] + normal[5]) / 3;
    normal[0] += damping;
    normal[3] += damping;
    normal[5] += damping;
    for (int k = 0; k < 3; k++) {
      double move[3];
      if (!solve(normal, right[k], move)) return false;
      cell.row[k] = cell.row[k] + Vec3{move[0], move[1], move[2]};
    }
  }
  const double ratio = volume(cell) / before;
  return fabs(ratio - 1) < max_volume_drift;
}

// Cells of every three vectors: those that explain nearly as much as the best one, smallest first, each lattice once.
int combine_vectors(UnknownWork& work, int count, ProposedCell* cells, int capacity) {
  const int n = (work.spots + width - 1) / width * width;
  for (int i = 0; i < count; i++) {
    const Wave& v = work.vectors[i];
    for (int j = 0; j < n; j++) {
      const double* s = work.spot[j < work.spots ? j : 0];
      const double t = v.x * s[0] + v.y * s[1] + v.z * s[2], d = t - rint(t);
      work.miss[i][j] = j < work.spots ? float(d * d) : 1.0f;
    }
  }
  const double expected = work.spots * 4.0 / 3 * M_PI * unknown_node_limit * unknown_node_limit * unknown_node_limit;
  const double least = expected + clear_sigmas * ::sqrt(expected) + clear_spots;
  int most = 0, kept = 0;
  // Two passes: first the best count, then the cells that come close to it.
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < count; i++)
      for (int j = i + 1; j < count; j++) {
        const Vec3 a{work.vectors[i].x, work.vectors[i].y, work.vectors[i].z};
        const Vec3 b{work.vectors[j].x, work.vectors[j].y, work.vectors[j].z};
        const Vec3 across = cross(a, b);
        if (norm(across) < min_pair_sine * norm(a) * norm(b)) continue;
        float pair[max_unknown_spots + 16];
        int in_pair = 0;
        for (int k = 0; k < n; k += width) {
          const F both_miss = load(work.miss[i] + k) + load(work.miss[j] + k);
          store(pair + k, both_miss);
          in_pair += __builtin_popcount(lanes(lt(both_miss, splat(node_limit2))));
        }
        // The third vector can only lower the count.
        if (in_pair < least || (pass == 1 && in_pair < nearly_best * most)) continue;
        for (int l = j + 1; l < count; l++) {
          const Vec3 c{work.vectors[l].x, work.vectors[l].y, work.vectors[l].z};
          const double size = dot(across, c);
          if (fabs(size) < min_cell_share * norm(a) * norm(b) * norm(c)) continue;
          I near = izero();
          for (int k = 0; k < n; k += width)
            near = ewald::EWALD_ISA::count(lt(load(pair + k) + load(work.miss[l] + k), splat(node_limit2)), near);
          const int explained = sum(near);
          if (pass == 0) {
            most = explained > most ? explained : most;
            continue;
          }
          if (explained < nearly_best * most || explained <= least) continue;
          const ProposedCell found{size > 0 ? Cell{{a, b, c}} : Cell{{a, c, b}}, explained};
          int at = 0;
          while (at < kept && !same_lattice(found.cell, cells[at].cell, unknown_same_lattice)) at++;
          if (at < kept) {
            if (cells[at].explained >= explained) continue;
            // A better basis of a lattice already in the list; its volume is the same, so it keeps its place.
            cells[at] = found;
            continue;
          }
          at = kept;
          while (at > 0 && volume(cells[at - 1].cell) > fabs(size)) at--;
          if (at == capacity) continue;
          if (kept < capacity) kept++;
          for (int k = kept - 1; k > at; k--) cells[k] = cells[k - 1];
          cells[at] = found;
        }
      }
  }
  return kept;
}

}  // namespace

int propose_cells(UnknownWork& work, double min_length, double max_length, ProposedCell* cells, int capacity) {
  if (work.spots < min_unknown_spots) return 0;
  const int points = scan(work, min_length, max_length);
  const int vectors = choose_vectors(work, climb_vectors(work, points, min_length, max_length));
  const int count = combine_vectors(work, vectors, cells, capacity);
  for (int i = 0; i < count; i++) {
    Cell fitted = cells[i].cell;
    if (fit_cell(work, fitted)) cells[i].cell = fitted;
  }
  return count;
}

}  // namespace ewald::EWALD_ISA
