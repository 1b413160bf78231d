// Drives the indexer through the C ABI only, natively or as wasm under Node, and prints a line of JSON for each
// measurement.
//
//   driver lists [options] FILE|FOLDER...   spot lists; truth is taken from FILE.json or --truth "9 numbers"
//   driver grid  [options]                  simulated lists: how many right, accepted and right, accepted and wrong
//   driver noise [options]                  lists without a lattice: how many are accepted, and the distribution of
//   log10_chance
//
// options: --method fast|turbo|exhaustive --max-spots 300 --crystals 1 --accept LOG10 --threads 1 --repeats 5 --lowest
// N --seed 1
//   --images 200 --spots 10,20,50,100,300 --spurious 0,0.3,0.5,0.7 --noise 1 --set protein|large|small|electron
//   --cell-error 0
//   --decoys 0|1 (all cells of the set are given as known) --kind flat|radial|ring|split --emit FOLDER (writes the
//   lists as files)
//   --sample-points 0 --candidates 0
// README.md says how it is built.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <map>
#include <sys/stat.h>

#include "ewald.h"
#include "generated/ranges.h"
#include "simulate.h"

namespace {

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::map<std::string, std::string> options;
std::vector<std::string> operands;
std::string option(const char* name, const char* otherwise) { return options.count(name) ? options[name] : otherwise; }
double number(const char* name, double otherwise) {
  return options.count(name) ? atof(options[name].c_str()) : otherwise;
}
std::vector<double> numbers(const char* name, const char* otherwise) {
  std::vector<double> out;
  const std::string text = option(name, otherwise);
  for (const char* p = text.c_str(); *p;) {
    char* end;
    out.push_back(strtod(p, &end));
    p = *end ? end + 1 : end;
  }
  return out;
}

[[noreturn]] void stop(const char* what) {
  fprintf(stderr, "driver: %s\n", what);
  exit(1);
}

// M = B A^-1 must be integer within a tolerance and unimodular.
bool same_lattice(const UnitCell& b, const UnitCell& a, double tolerance) {
  const UnitCell r = reciprocal(a);
  const Vector rows[3] = {b.a, b.b, b.c}, columns[3] = {r.a, r.b, r.c};
  double m[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const double c = dot(rows[i], columns[j]);
      m[i][j] = std::round(c);
      if (!(std::fabs(c - m[i][j]) <= tolerance)) return false;
    }
  const double det = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
                     m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                     m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  return std::fabs(det) == 1;
}

class Indexer {
public:
  ewald_indexer_descriptor descriptor = ewald::indexing::default_indexer_descriptor;
  ewald_indexer_params params = ewald::indexing::default_indexer_params;
  std::vector<ewald_indexed_cell> found;
  ewald_image_result result{};
  std::vector<uint8_t> assignment;

  explicit Indexer(int known_cells) {
    const std::string method = option("method", "fast");
    const bool exhaustive = method == "exhaustive";
    descriptor.max_spots = uint32_t(number("max-spots", 300));
    descriptor.max_input_cells = uint32_t(known_cells);
    descriptor.method = exhaustive          ? EWALD_METHOD_EXHAUSTIVE
                        : method == "turbo" ? EWALD_METHOD_TURBO
                                            : EWALD_METHOD_FAST;
    descriptor.candidate_vectors = uint32_t(number("candidates", 0));
    descriptor.threads = uint32_t(number("threads", 1));
    params.sample_points = uint32_t(number("sample-points", 0));
    params.max_crystals = uint32_t(number("crystals", 1));
    if (exhaustive) {
      params.refinement = EWALD_REFINEMENT_IFSSR;
      params.max_distance = float(ewald::indexing::default_max_distance_ifssr);
    }
    params.accept_log10 = float(number("accept", -3.5));
    if (ewald_indexer_create(&descriptor, &handle_)) stop(ewald_last_error());
    found.resize(descriptor.max_output_cells);
  }
  ~Indexer() { ewald_indexer_destroy(handle_); }
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  double run(const std::vector<float>& spots, const std::vector<float>& cells) {
    const uint32_t offsets[2] = {0, uint32_t(spots.size() / 3)};
    assignment.resize(offsets[1] + 1);
    const double start = now_ms();
    const int32_t status = ewald_indexer_run(handle_, &params, spots.data(), offsets, 1, cells.data(),
                                             uint32_t(cells.size() / 9), found.data(), &result, assignment.data());
    const double ms = now_ms() - start;
    if (status) stop(ewald_last_error());
    return ms;
  }

private:
  ewald_indexer* handle_ = nullptr;
};

UnitCell cell_of(const ewald_indexed_cell& c) { return {{c.ax, c.ay, c.az}, {c.bx, c.by, c.bz}, {c.cx, c.cy, c.cz}}; }

void append(std::vector<float>& out, const UnitCell& u) {
  for (const Vector* v : {&u.a, &u.b, &u.c}) out.insert(out.end(), {float(v->x), float(v->y), float(v->z)});
}
std::vector<float> flat(const std::vector<Vector>& spots) {
  std::vector<float> out;
  for (const Vector& s : spots) out.insert(out.end(), {float(s.x), float(s.y), float(s.z)});
  return out;
}

bool read_list(const std::string& path, UnitCell& cell, std::vector<Vector>& spots) {
  FILE* file = fopen(path.c_str(), "r");
  if (!file) return false;
  char line[1024];
  bool have_cell = false;
  while (fgets(line, sizeof line, file)) {
    double v[9];
    if (line[0] == '#') continue;
    const int n =
        sscanf(line, "%lf %lf %lf %lf %lf %lf %lf %lf %lf", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8);
    if (!have_cell && n == 9) {
      cell = {{v[0], v[1], v[2]}, {v[3], v[4], v[5]}, {v[6], v[7], v[8]}};
      have_cell = true;
    } else if (n >= 3) {
      spots.push_back({v[0], v[1], v[2]});
    }
  }
  fclose(file);
  return have_cell;
}

void write_list(const std::string& path, const UnitCell& cell, const std::vector<Vector>& spots,
                const std::vector<UnitCell>& truth) {
  FILE* file = fopen(path.c_str(), "w");
  if (!file) stop("cannot write a list");
  for (const UnitCell& t : truth)
    fprintf(file, "# truth %.9g %.9g %.9g %.9g %.9g %.9g %.9g %.9g %.9g\n", t.a.x, t.a.y, t.a.z, t.b.x, t.b.y, t.b.z,
            t.c.x, t.c.y, t.c.z);
  fprintf(file, "%.9g %.9g %.9g %.9g %.9g %.9g %.9g %.9g %.9g\n", cell.a.x, cell.a.y, cell.a.z, cell.b.x, cell.b.y,
          cell.b.z, cell.c.x, cell.c.y, cell.c.z);
  for (const Vector& s : spots) fprintf(file, "%.9g %.9g %.9g\n", s.x, s.y, s.z);
  fclose(file);
}

// Lattices in a truth file: "reference" first, then "all_lattices". has_truth: the file describes the content of the
// image.
std::vector<UnitCell> read_truth(const std::string& path, bool& has_truth) {
  std::vector<UnitCell> out;
  FILE* file = fopen(path.c_str(), "r");
  has_truth = file != nullptr;
  if (!file) return out;
  std::string text;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
  fclose(file);
  auto take = [&](size_t at) {
    if (at == std::string::npos) return;
    at = text.find('[', at);
    std::vector<double> v;
    int depth = 0;
    for (size_t i = at; i < text.size(); i++) {
      if (text[i] == '[') depth++;
      if (text[i] == ']' && --depth == 0) break;
      if (isdigit(text[i]) || text[i] == '-') {
        char* end;
        v.push_back(strtod(&text[i], &end));
        i = size_t(end - &text[0]) - 1;
      }
    }
    for (size_t i = 0; i + 9 <= v.size(); i += 9)
      out.push_back({{v[i], v[i + 1], v[i + 2]}, {v[i + 3], v[i + 4], v[i + 5]}, {v[i + 6], v[i + 7], v[i + 8]}});
  };
  const size_t reference = text.find("\"reference\"");
  if (reference != std::string::npos) take(text.find("\"real_space\"", reference));
  take(text.find("\"all_lattices\""));
  return out;
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v.empty() ? 0 : v[v.size() / 2];
}

int lists() {
  std::vector<std::string> files;
  for (const std::string& operand : operands) {
    struct stat info;
    if (stat(operand.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      DIR* folder = opendir(operand.c_str());
      while (dirent* entry = readdir(folder)) {
        const std::string name = entry->d_name;
        if (name.size() > 4 && name.substr(name.size() - 4) == ".txt") files.push_back(operand + "/" + name);
      }
      closedir(folder);
    } else {
      files.push_back(operand);
    }
  }
  std::sort(files.begin(), files.end());
  Indexer indexer(1);
  const std::vector<double> given = numbers("truth", "");
  int right = 0, accepted = 0, wrong = 0, refused = 0, unknown = 0;
  double sum_min = 0, sum_median = 0;
  for (const std::string& file : files) {
    UnitCell cell;
    std::vector<Vector> spots;
    if (!read_list(file, cell, spots)) {
      printf("{\"list\":\"%s\",\"error\":\"no spot list\"}\n", file.c_str());
      continue;
    }
    const size_t lowest = size_t(number("lowest", 0));
    if (lowest && spots.size() > lowest) {
      std::stable_sort(spots.begin(), spots.end(),
                       [](const Vector& a, const Vector& b) { return dot(a, a) < dot(b, b); });
      spots.resize(lowest);
    }
    bool has_truth;
    std::vector<UnitCell> truth = read_truth(file.substr(0, file.size() - 4) + ".json", has_truth);
    if (given.size() == 9)
      truth = {{{given[0], given[1], given[2]}, {given[3], given[4], given[5]}, {given[6], given[7], given[8]}}},
      has_truth = true;
    std::vector<float> cells;
    append(cells, cell);
    const std::vector<float> flat_spots = flat(spots);
    std::vector<double> ms;
    indexer.run(flat_spots, cells);
    for (int i = 0; i < int(number("repeats", 5)); i++) ms.push_back(indexer.run(flat_spots, cells));
    const double least = *std::min_element(ms.begin(), ms.end());
    sum_min += least, sum_median += median(ms);
    bool is_right = false;
    if (indexer.result.crystals)
      for (const UnitCell& t : truth) is_right |= same_lattice(cell_of(indexer.found[0]), t, 0.15);
    accepted += indexer.result.crystals > 0;
    unknown += !has_truth;
    right += is_right;
    wrong += has_truth && indexer.result.crystals > 0 && !is_right;
    refused += has_truth && truth.empty() && indexer.result.crystals == 0;
    printf(
        "{\"list\":\"%s\",\"spots\":%zu,\"used\":%u,\"flags\":%u,\"right\":%s,\"ms\":%.4f,\"median_ms\":%.4f,"
        "\"crystals\":[",
        file.c_str(), spots.size(), indexer.result.used_spots, indexer.result.flags,
        !has_truth ? "null"
        : is_right ? "true"
                   : "false",
        least, median(ms));
    for (uint32_t k = 0; k < indexer.result.crystals; k++) {
      const ewald_indexed_cell& c = indexer.found[k];
      printf(
          "%s{\"cell\":[[%g,%g,%g],[%g,%g,%g],[%g,%g,%g]],\"indexed\":%u,\"log10_chance\":%.2f,\"score\":%g,\"rms\":%"
          "g}",
          k ? "," : "", c.ax, c.ay, c.az, c.bx, c.by, c.bz, c.cx, c.cy, c.cz, c.indexed_spots, c.log10_chance, c.score,
          c.rms_residual);
    }
    printf("]}\n");
  }
  const double n = files.empty() ? 1 : double(files.size());
  printf(
      "{\"lists\":%zu,\"accepted\":%d,\"right\":%d,\"wrong\":%d,\"rightly_refused\":%d,\"without_truth\":%d,\"ms\":%."
      "4f,\"median_ms\":%.4f,\"isa\":\"%s\"}\n",
      files.size(), accepted, right, wrong, refused, unknown, sum_min / n, sum_median / n, ewald_instruction_set());
  return 0;
}

int grid() {
  const CellSet set = cell_set(option("set", "protein"));
  const int images = int(number("images", 200)), crystals = int(number("crystals", 1));
  const bool decoys = number("decoys", 0) != 0;
  Indexer indexer(decoys ? int(set.cells.size()) : 1);
  const double cell_error = number("cell-error", 0);
  for (const double noise : numbers("noise", "1"))
    for (const double spurious : numbers("spurious", "0,0.3,0.5,0.7"))
      for (const double spots_wanted : numbers("spots", "10,20,50,100,300")) {
        const int n = int(spots_wanted);
        Stills stills(set, n, spurious, noise, uint64_t(number("seed", 1)), crystals);
        int right = 0, accepted_right = 0, accepted_wrong = 0, all_found = 0;
        double ms = 0;
        for (int image = 0; image < images; image++) {
          const auto [which, spots, truth] = stills.next();
          std::vector<UnitCell> known = {set.cells[which]};
          if (decoys) known = set.cells;
          for (UnitCell& u : known) u = stills.changed(u, cell_error);
          if (options.count("emit")) {
            char name[200];
            snprintf(name, sizeof name, "/n%d_spurious%g_noise%g_%04d.txt", n, spurious, noise, image);
            write_list(option("emit", "") + name, known[0], spots, truth);
          }
          std::vector<float> cells;
          for (const UnitCell& u : known) append(cells, u);
          ms += indexer.run(flat(spots), cells);
          bool good = false;
          if (indexer.result.cells) {
            for (const UnitCell& t : truth) good |= same_lattice(cell_of(indexer.found[0]), t, 0.05);
            if (decoys && indexer.found[0].input_cell != which) good = false;
          }
          right += good;
          accepted_right += good && indexer.result.crystals > 0;
          accepted_wrong += !good && indexer.result.crystals > 0;
          size_t seen = 0;
          for (const UnitCell& t : truth)
            for (uint32_t k = 0; k < indexer.result.crystals; k++)
              if (same_lattice(cell_of(indexer.found[k]), t, 0.05)) {
                seen++;
                break;
              }
          all_found += seen == truth.size();
        }
        printf(
            "{\"set\":\"%s\",\"noise_px\":%g,\"spurious\":%g,\"spots\":%d,\"images\":%d,\"right\":%d,\"accepted_"
            "right\":%d,\"accepted_wrong\":%d,\"all_crystals\":%d,\"ms\":%.4f}\n",
            option("set", "protein").c_str(), noise, spurious, n, images, right, accepted_right, accepted_wrong,
            all_found, ms / images);
        fflush(stdout);
      }
  return 0;
}

int noise_only() {
  const CellSet set = cell_set(option("set", "protein"));
  const int images = int(number("images", 10000));
  const std::string kind = option("kind", "flat");
  Indexer indexer(1);
  for (const double spots_wanted : numbers("spots", "10,20,50,100,300")) {
    Random random(uint64_t(number("seed", 1)) * 1000003 + uint64_t(spots_wanted));
    std::vector<double> chances;
    int accepted = 0;
    double ms = 0;
    for (int image = 0; image < images; image++) {
      std::vector<Vector> spots;
      add_noise(kind, int(spots_wanted), set.instrument, random, spots);
      std::vector<float> cells;
      append(cells, set.cells[size_t(image) % set.cells.size()]);
      ms += indexer.run(flat(spots), cells);
      accepted += indexer.result.crystals > 0;
      chances.push_back(indexer.result.cells ? indexer.found[0].log10_chance : 0);
    }
    std::sort(chances.begin(), chances.end());
    auto at_most = [&](double x) { return int(std::upper_bound(chances.begin(), chances.end(), x) - chances.begin()); };
    printf(
        "{\"set\":\"%s\",\"kind\":\"%s\",\"spots\":%g,\"images\":%d,\"accepted\":%d,\"accept_log10\":%g,\"at_most_-2\":"
        "%d,\"at_most_-3\":%d,\"at_most_-4\":%d,\"least\":%.2f,\"ms\":%.4f}\n",
        option("set", "protein").c_str(), kind.c_str(), spots_wanted, images, accepted,
        double(indexer.params.accept_log10), at_most(-2), at_most(-3), at_most(-4), chances[0], ms / images);
    fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 2; i < argc; i++) {
    if (strncmp(argv[i], "--", 2) == 0 && i + 1 < argc) {
      options[argv[i] + 2] = argv[i + 1];
      i++;
    } else {
      operands.push_back(argv[i]);
    }
  }
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "lists") return lists();
  if (what == "grid") return grid();
  if (what == "noise") return noise_only();
  stop("say lists, grid or noise");
}
