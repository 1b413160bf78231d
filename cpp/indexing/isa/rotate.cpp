// Rotation search: with one vector of the cell fixed along a candidate, the cell has one angle left. Each lane takes an
// angle and counts the spots within node_distance of a lattice node (Euclidean, in index units).
//
// For a spot s let us = u.s, xs = x.s, ys = y.s in the frame of the candidate. The indices of the other two vectors at
// angle t are
//   a.s = a_u us + cos t (a_x xs) + sin t (a_x ys)
//   b.s = b_u us + cos t (b_x xs + b_y ys) + sin t (b_x ys - b_y xs)
// so a spot costs four multiply-adds per angle. Spots off the candidate's planes cannot come near a node at any angle,
// so they are skipped.
#include "indexing/isa/stages.h"

#include <algorithm>

namespace ewald::EWALD_ISA {

Frame frame_about(Vec3 u) {
  // Any perpendicular direction would do, but the choice must be smooth away from the poles of one axis: take the axis
  // that is farthest from u.
  const double ax = fabs(u.x), ay = fabs(u.y), az = fabs(u.z);
  const Vec3 axis = ax <= ay && ax <= az ? Vec3{1, 0, 0} : ay <= az ? Vec3{0, 1, 0} : Vec3{0, 0, 1};
  const Vec3 x = unit(axis - dot(axis, u) * u);
  return {u, x, cross(u, x)};
}

int spots_on_planes(const BaseVector& base, const Frame& f, const SpotList& spots, int n, float limit,
                    Workspace& work) {
  const F ux = splat(float(f.u.x)), uy = splat(float(f.u.y)), uz = splat(float(f.u.z));
  const F xx = splat(float(f.x.x)), xy = splat(float(f.x.y)), xz = splat(float(f.x.z));
  const F yx = splat(float(f.y.x)), yy = splat(float(f.y.y)), yz = splat(float(f.y.z));
  const F length = splat(float(base.length)), a_u = splat(float(base.a_u)), a_x = splat(float(base.a_x));
  const F b_u = splat(float(base.b_u)), b_x = splat(float(base.b_x)), b_y = splat(float(base.b_y)),
          limit2 = splat(limit * limit);
  float plane[7][width];
  int kept = 0;
  for (int j = 0; j < n; j += width) {
    const F sx = load(spots.x + j), sy = load(spots.y + j), sz = load(spots.z + j);
    const F us = fma(ux, sx, fma(uy, sy, uz * sz));
    const F phase = length * us, off = phase - round_even(phase), off2 = off * off;
    uint32_t near = lanes(lt(off2, limit2));
    if (n - j < width) near &= (1u << (n - j)) - 1;
    if (!near) continue;
    const F xs = fma(xx, sx, fma(xy, sy, xz * sz)), ys = fma(yx, sx, fma(yy, sy, yz * sz));
    store(plane[0], a_u * us);
    store(plane[1], a_x * xs);
    store(plane[2], a_x * ys);
    store(plane[3], b_u * us);
    store(plane[4], fma(b_x, xs, b_y * ys));
    store(plane[5], fnma(b_y, xs, b_x * ys));
    store(plane[6], off2);
    for (; near; near &= near - 1) {
      const int k = __builtin_ctz(near);
      float* t = work.turning + 8 * kept++;
      for (int i = 0; i < 7; i++) t[i] = plane[i][k];
    }
  }
  return kept;
}

void count_angles(const float* cosine, const float* sine, int steps, int n, float limit, int least, Workspace& work) {
  const F limit2 = splat(limit * limit);
  constexpr int stretch = 16;  // spots between two checks whether any lane can still reach `least`
  for (int q = 0; q < steps; q += 2 * width) {
    const F c0 = load(cosine + q), s0 = load(sine + q), c1 = load(cosine + q + width), s1 = load(sine + q + width);
    I k0 = izero(), k1 = izero();
    const float* t = work.turning;
    for (int done = 0; done < n;) {
      const int until = n - done < stretch ? n : done + stretch;
      for (; done < until; done++, t += 8) {
        const F ca = splat(t[0]), qa = splat(t[1]), ra = splat(t[2]), cb = splat(t[3]), qb = splat(t[4]),
                rb = splat(t[5]), d = splat(t[6]);
        F h0 = fma(c0, qa, fma(s0, ra, ca)), h1 = fma(c1, qa, fma(s1, ra, ca));
        F l0 = fma(c0, qb, fma(s0, rb, cb)), l1 = fma(c1, qb, fma(s1, rb, cb));
        h0 = h0 - round_even(h0);
        h1 = h1 - round_even(h1);
        l0 = l0 - round_even(l0);
        l1 = l1 - round_even(l1);
        k0 = count(lt(fma(h0, h0, fma(l0, l0, d)), limit2), k0);
        k1 = count(lt(fma(h1, h1, fma(l1, l1, d)), limit2), k1);
      }
      const I hopeless = splat(int32_t(least - (n - done) - 1));
      if (!(lanes(lt(hopeless, k0)) | lanes(lt(hopeless, k1)))) break;
    }
    store(work.angle_counts + q, k0);
    store(work.angle_counts + q + width, k1);
  }
}

namespace {

struct HitOrder {
  bool operator()(const SearchHit& a, const SearchHit& b) const {
    if (a.score != b.score) return a.score > b.score;
    if (a.candidate != b.candidate) return a.candidate < b.candidate;
    return a.step < b.step;
  }
};

// Sum over spots of max(0, cell_closeness - D^2), D the distance from the nearest node in index units.
float closeness(const Cell& cell, const SpotList& spots, int n) {
  const F ax = splat(float(cell.row[0].x)), ay = splat(float(cell.row[0].y)), az = splat(float(cell.row[0].z));
  const F bx = splat(float(cell.row[1].x)), by = splat(float(cell.row[1].y)), bz = splat(float(cell.row[1].z));
  const F cx = splat(float(cell.row[2].x)), cy = splat(float(cell.row[2].y)), cz = splat(float(cell.row[2].z));
  F total = zero();
  for (int j = 0; j < n; j += width) {
    const F x = load(spots.x + j), y = load(spots.y + j), z = load(spots.z + j);
    F h = fma(ax, x, fma(ay, y, az * z)), k = fma(bx, x, fma(by, y, bz * z)), l = fma(cx, x, fma(cy, y, cz * z));
    h = h - round_even(h);
    k = k - round_even(k);
    l = l - round_even(l);
    const F room = fnma(h, h, fnma(k, k, fnma(l, l, splat(float(cell_closeness)))));
    total = add_where(lt(zero(), room), total, room);
  }
  return sum(total);
}

}  // namespace

Cell cell_of(const BaseVector& base, const Frame& f, double cosine, double sine) {
  const Vec3 u = f.u;
  const Vec3 x = cosine * f.x + sine * f.y, y = cosine * f.y - sine * f.x;
  Cell cell;
  cell.row[base.row] = base.length * u;
  cell.row[(base.row + 1) % 3] = base.a_u * u + base.a_x * x;
  cell.row[(base.row + 2) % 3] = base.b_u * u + base.b_x * x + base.b_y * y;
  return cell;
}

Placed place(const BaseVector& base, const CandidateList& candidates, int candidate, bool free_scale) {
  const int c = candidate / 2;
  const Vec3 z{candidates.x[c], candidates.y[c], candidates.z[c]};
  const double length = norm(z);
  Placed placed{base, frame_about((candidate & 1 ? -1 : 1) / length * z)};
  if (free_scale) {
    const double scale = length / base.length;
    BaseVector& b = placed.base;
    b.length *= scale, b.other_length *= scale;
    b.a_u *= scale, b.a_x *= scale, b.b_u *= scale, b.b_x *= scale, b.b_y *= scale;
  }
  return placed;
}

int search_rotation(const RunPlan& plan, const BaseVector& base, const CandidateList& candidates, const SpotList& spots,
                    int keep, bool free_scale, Workspace& work) {
  const int n = spots.n < turn_spots ? spots.n : turn_spots;
  const double edge = spots.length[n - 1];
  const int stride = turn_stride(base, edge, plan.params.angle_points, plan.tables.angle_capacity);
  const int full = turn_steps / stride;
  const int steps = full / base.fold;
  const int filled = (steps + 2 * width - 1) / (2 * width) * (2 * width);
  for (int q = 0; q < filled; q++) {
    const int k = (q % full) * stride;
    work.angle_cos[q] = plan.tables.turn_cos[k];
    work.angle_sin[q] = plan.tables.turn_sin[k];
  }

  int hits = 0, least = min_hit_spots;
  uint16_t with_count[turn_spots + 1];
  memset(with_count, 0, sizeof with_count);
  const int senses = base.flip ? 1 : 2;
  for (int c = 0; c < candidates.n; c++)
    for (int sense = 0; sense < senses; sense++) {
      const Placed placed = place(base, candidates, 2 * c + sense, free_scale);
      const int on = spots_on_planes(placed.base, placed.frame, spots, n, plan.params.node_distance, work);
      if (on < least) continue;  // exact: a count cannot be larger
      count_angles(work.angle_cos, work.angle_sin, steps, on, plan.params.node_distance, least, work);
      // Local maxima over the circle of angles; of equal neighbours the first.
      const int32_t* counts = work.angle_counts;
      for (int q0 = 0; q0 < steps; q0 += width) {
        uint32_t high = lanes(lt(splat(int32_t(least - 1)), load(counts + q0)));
        for (; high; high &= high - 1) {
          const int q = q0 + __builtin_ctz(high);
          if (q >= steps) break;
          const int here = counts[q];
          auto at = [&](int k) { return counts[k < 0 ? k + steps : k >= steps ? k - steps : k]; };
          if (at(q - 1) >= here || at(q - 2) >= here || at(q + 1) > here || at(q + 2) > here) continue;
          if (hits == work.hit_capacity) continue;
          work.hits[hits++] = {here, 2 * c + sense, q, 0};
          with_count[here]++;
        }
      }
      int enough = 0, k = n;
      while (k > 0 && enough + with_count[k] < enough_hits) enough += with_count[k--];
      if (k > least) {
        least = k;
        int held = 0;  // room for further hits
        for (int i = 0; i < hits; i++)
          if (work.hits[i].count >= least) work.hits[held++] = work.hits[i];
        hits = held;
      }
    }
  Placed placed{};
  for (int i = 0, at = -1; i < hits; i++) {
    SearchHit& h = work.hits[i];
    if (h.candidate != at)
      placed = place(base, candidates, at = h.candidate, free_scale);  // the hits of a candidate are adjacent
    h.score = closeness(cell_of(placed.base, placed.frame, work.angle_cos[h.step], work.angle_sin[h.step]), spots, n);
  }
  std::sort(work.hits, work.hits + hits, HitOrder{});
  work.full_turn = full;
  return hits < keep ? hits : keep;
}

}  // namespace ewald::EWALD_ISA
