// Simulates spot lists with known truth for the driver: stills of a randomly oriented crystal on a flat detector, and
// lists without any lattice.
#pragma once
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

struct Vector {
  double x, y, z;
};
inline double dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vector cross(const Vector& a, const Vector& b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
inline Vector scaled(double s, const Vector& a) { return {s * a.x, s * a.y, s * a.z}; }
inline double norm(const Vector& a) { return std::sqrt(dot(a, a)); }

struct UnitCell {
  Vector a, b, c;
};
inline double volume(const UnitCell& u) { return dot(u.a, cross(u.b, u.c)); }
inline UnitCell reciprocal(const UnitCell& u) {
  const double v = 1 / volume(u);
  return {scaled(v, cross(u.b, u.c)), scaled(v, cross(u.c, u.a)), scaled(v, cross(u.a, u.b))};
}
inline UnitCell unit_cell(double a, double b, double c, double alpha, double beta, double gamma) {
  const double degree = M_PI / 180, ca = std::cos(alpha * degree), cb = std::cos(beta * degree), cg = std::cos(gamma * degree);
  const double sg = std::sin(gamma * degree), y = (ca - cb * cg) / sg;
  return {{a, 0, 0}, {b * cg, b * sg, 0}, {c * cb, c * y, c * std::sqrt(1 - cb * cb - y * y)}};
}

struct Instrument {
  double wavelength = 1.3, bandwidth = 0.002, mosaicity = 0.0009, domain = 3000;  // angstrom, relative, radian, angstrom
  double distance = 120, pixel = 0.075, width = 2070, height = 2167;              // mm, mm, pixels, pixels
  double d_min = 1.9, b_factor = 25, missing = 0.15;
};

struct CellSet {
  Instrument instrument;
  std::vector<UnitCell> cells;
};

inline CellSet cell_set(const std::string& name) {
  CellSet set;
  Instrument& i = set.instrument;
  if (name == "large") {
    set.cells = {unit_cell(128, 128, 210, 90, 90, 120), unit_cell(97, 143, 260, 90, 90, 90), unit_cell(180, 180, 180, 90, 90, 90),
                 unit_cell(60, 150, 290, 88, 91, 104)};
  } else if (name == "small") {
    i.wavelength = 0.7, i.distance = 60, i.d_min = 0.8;
    set.cells = {unit_cell(4.9, 4.9, 5.4, 90, 90, 120), unit_cell(5.4, 9.8, 13.6, 90, 90, 90), unit_cell(7.3, 7.3, 6.8, 90, 90, 90),
                 unit_cell(12, 17, 21, 90, 98, 90), unit_cell(11.7, 11.7, 11.7, 90, 90, 90)};
  } else if (name == "electron") {
    i.wavelength = 0.0251, i.bandwidth = 0, i.mosaicity = 0.0017, i.domain = 400;
    i.distance = 1500, i.pixel = 0.055, i.width = i.height = 1024, i.d_min = 0.75;
    set.cells = {unit_cell(5.4, 9.8, 13.6, 90, 90, 90), unit_cell(12, 17, 21, 90, 98, 90), unit_cell(8, 10, 12, 75, 80, 70),
                 unit_cell(20, 20, 14, 90, 90, 120), unit_cell(37, 37, 78, 90, 90, 90)};
  } else {
    set.cells = {unit_cell(79, 79, 38, 90, 90, 90), unit_cell(45, 58, 71, 90, 90, 90), unit_cell(50, 62, 73, 82, 77, 71),
                 unit_cell(62, 62, 98, 90, 90, 120), unit_cell(52, 41, 66, 90, 104, 90)};
  }
  return set;
}

using Random = std::mt19937_64;

inline UnitCell turned_at_random(const UnitCell& u, Random& random) {
  std::normal_distribution<double> normal;
  double q[4], square = 0;
  for (double& v : q) v = normal(random), square += v * v;
  for (double& v : q) v /= std::sqrt(square);
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  auto turn = [&](const Vector& v) {
    return Vector{(1 - 2 * (y * y + z * z)) * v.x + 2 * (x * y - z * w) * v.y + 2 * (x * z + y * w) * v.z,
                  2 * (x * y + z * w) * v.x + (1 - 2 * (x * x + z * z)) * v.y + 2 * (y * z - x * w) * v.z,
                  2 * (x * z - y * w) * v.x + 2 * (y * z + x * w) * v.y + (1 - 2 * (x * x + y * y)) * v.z};
  };
  return {turn(u.a), turn(u.b), turn(u.c)};
}

// Converts a position on the detector (mm from the beam) to a reciprocal vector on the nominal Ewald sphere. The beam
// runs along +z.
inline Vector mapped_back(double x, double y, const Instrument& i) {
  const double r = 1 / std::sqrt(x * x + y * y + i.distance * i.distance) / i.wavelength;
  return {x * r, y * r, i.distance * r - 1 / i.wavelength};
}

// The `wanted` strongest reflections near the Ewald sphere, with noise on their positions in pixels.
inline void add_crystal(const UnitCell& u, int wanted, double noise_px, const Instrument& i, Random& random, std::vector<Vector>& spots) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  struct Seen {
    double intensity, x, y;
  };
  std::vector<Seen> seen;
  const UnitCell star = reciprocal(u);
  const double k = 1 / i.wavelength, most = 1 / i.d_min;
  const int hm = int(norm(u.a) * most), km = int(norm(u.b) * most), lm = int(norm(u.c) * most);
  for (int h = -hm; h <= hm; h++)
    for (int kk = -km; kk <= km; kk++)
      for (int l = -lm; l <= lm; l++) {
        if (h == 0 && kk == 0 && l == 0) continue;
        const Vector q{h * star.a.x + kk * star.b.x + l * star.c.x, h * star.a.y + kk * star.b.y + l * star.c.y,
                       h * star.a.z + kk * star.b.z + l * star.c.z};
        const double q2 = dot(q, q);
        if (q2 > most * most || q.z > 0) continue;
        const Vector s{q.x, q.y, q.z + k};
        if (s.z <= 0) continue;
        const double off = norm(s) - k, turn = i.mosaicity * i.mosaicity * q2 * (1 - q2 / (4 * k * k));
        const double spread = 1 / (i.domain * i.domain) + turn + std::pow(i.bandwidth * q2 * i.wavelength / 2, 2);
        if (off * off > 9 * spread) continue;
        const double intensity = -std::log(1 - uniform(random) * 0.999999) * std::exp(-i.b_factor * q2 / 2 - off * off / (2 * spread)) / std::sqrt(q2);
        if (uniform(random) < i.missing) continue;
        const double x = s.x / s.z * i.distance + normal(random) * noise_px * i.pixel;
        const double y = s.y / s.z * i.distance + normal(random) * noise_px * i.pixel;
        if (std::fabs(x) > i.width * i.pixel / 2 || std::fabs(y) > i.height * i.pixel / 2) continue;
        seen.push_back({intensity, x, y});
      }
  std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.intensity > b.intensity; });
  for (int n = 0; n < wanted && n < int(seen.size()); n++) spots.push_back(mapped_back(seen[n].x, seen[n].y, i));
}

// `wanted` spots without a lattice. flat: uniform on the detector; radial: uniform in radius; ring: on four ice rings;
// split: uniform, each with a second spot a few pixels away.
inline void add_noise(const std::string& kind, int wanted, const Instrument& i, Random& random, std::vector<Vector>& spots) {
  std::uniform_real_distribution<double> uniform;
  std::normal_distribution<double> normal;
  const double rings[4] = {1 / 3.90, 1 / 3.67, 1 / 3.44, 1 / 2.67};
  for (int n = 0; n < wanted;) {
    double x = (uniform(random) - 0.5) * i.width * i.pixel, y = (uniform(random) - 0.5) * i.height * i.pixel;
    if (kind == "ring" || kind == "radial") {
      double radius = uniform(random) * i.width * i.pixel / 2;
      if (kind == "ring") {
        const double q = rings[int(uniform(random) * 4)] + (uniform(random) - 0.5) * 0.003;
        radius = i.distance * std::tan(2 * std::asin(q * i.wavelength / 2));
      }
      const double azimuth = 2 * M_PI * uniform(random);
      x = radius * std::cos(azimuth), y = radius * std::sin(azimuth);
    }
    spots.push_back(mapped_back(x, y, i));
    n++;
    if (kind == "split" && n < wanted) {
      const double shift = (1 + 4 * uniform(random)) * i.pixel;
      spots.push_back(mapped_back(x + shift * normal(random), y + shift * normal(random), i));
      n++;
    }
  }
}

struct Still {
  size_t which;  // index into the cells of the set
  std::vector<Vector> spots;
  std::vector<UnitCell> truth;
};

// The stills of one point of the grid in order. The same parameters always give the same stills.
class Stills {
 public:
  Stills(const CellSet& set, int spots, double spurious, double noise_px, uint64_t seed, int crystals = 1)
      : set_(set), spots_(spots), from_noise_(int(std::lround(spots * spurious))), crystals_(crystals), noise_px_(noise_px),
        random_(seed * 1000003 + uint64_t(spots) * 7919 + uint64_t(spurious * 100) * 131 + uint64_t(noise_px * 10) * 17) {}

  Still next() {
    Still still{made_++ % set_.cells.size(), {}, {}};
    for (int k = 0; k < crystals_; k++) {
      still.truth.push_back(turned_at_random(set_.cells[still.which], random_));
      add_crystal(still.truth.back(), (spots_ - from_noise_) / crystals_, noise_px_, set_.instrument, random_, still.spots);
    }
    add_noise("flat", from_noise_, set_.instrument, random_, still.spots);
    std::shuffle(still.spots.begin(), still.spots.end(), random_);
    return still;
  }

  // A cell whose lengths each have an independent error of `error` rms.
  UnitCell changed(UnitCell u, double error) {
    std::normal_distribution<double> normal;
    for (Vector* v : {&u.a, &u.b, &u.c}) *v = scaled(1 + error * normal(random_), *v);
    return u;
  }

 private:
  const CellSet& set_;
  const int spots_, from_noise_, crystals_;
  const double noise_px_;
  Random random_;
  size_t made_ = 0;
};
