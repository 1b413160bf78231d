// ewald_cuda_fft_bench: transforms in device memory, by our kernels and by cuFFT if that library is found. Both results
// are compared before anything is timed; without cuFFT our result is compared with the C++ core. Prints one JSON
// document. usage: ewald_cuda_fft_bench [--seconds N] [--device N] [--cufft FILE] [--run 64|128] [--slab MIB] [--quick]
// [--shape [r2c:|f64:]200x200x200[*BATCH]]...
// Exit codes: 0 all results are right, 1 a result is wrong, 2 wrong usage, 3 no device.
#include <cuda_runtime.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "../fft/blocks.h"
#include "../fft/slabs.h"
#include "engines/library.h"
#include "ewald_cuda.h"

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Prototypes and constants as given in the cuFFT manual.
struct Cufft {
  int (*plan_many)(int* plan, int rank, int* n, int* in_embed, int in_stride, int in_distance, int* out_embed,
                   int out_stride, int out_distance, int type, int batch);
  int (*c2c)(int plan, void* in, void* out, int direction);
  int (*z2z)(int plan, void* in, void* out, int direction);
  int (*r2c)(int plan, void* in, void* out);
  int (*version)(int* version);
  int (*destroy)(int plan);
  bool there = false;
  std::string why, file;

  explicit Cufft(const std::string& path) {
    using ewald::engines::Library;
    const Library library =
        Library::open(path.empty() ? ewald::engines::Names{"libcufft.so.12", "libcufft.so.11", "libcufft.so.10"}
                                   : ewald::engines::Names{path},
                      "cufftPlanMany", why);
    there = library && library.find("cufftPlanMany", plan_many) && library.find("cufftExecC2C", c2c) &&
            library.find("cufftExecZ2Z", z2z) && library.find("cufftExecR2C", r2c) &&
            library.find("cufftGetVersion", version) && library.find("cufftDestroy", destroy);
    if (there) file = Library::file_of(reinterpret_cast<const void*>(destroy));
  }
};

struct Row {
  std::string name;
  std::vector<int> shape;
  int batch;
  bool f64, real;
};

struct Array {
  ewald_cuda_array* handle = nullptr;
  Array(ewald_cuda_context* context, std::uint64_t bytes) { ewald_cuda_array_create(context, bytes, &handle); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { ewald_cuda_array_destroy(handle); }
  void* memory() const { return ewald_cuda_array_memory(handle); }
};

// Seconds of one run: the median of as many runs as fit, after one that is not counted. Every run is waited for.
template <class Run>
double timed(double budget, Run run) {
  std::vector<double> times;
  run();
  for (const auto begin = Clock::now(); times.size() < 5 || (seconds_since(begin) < budget && times.size() < 1000);) {
    const auto start = Clock::now();
    run();
    times.push_back(seconds_since(start));
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

template <class T>
double difference(const std::vector<unsigned char>& a, const std::vector<unsigned char>& b) {
  const T *x = reinterpret_cast<const T*>(a.data()), *y = reinterpret_cast<const T*>(b.data());
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < a.size() / sizeof(T); i++) {
    error += (double(x[i]) - double(y[i])) * (double(x[i]) - double(y[i]));
    norm += double(y[i]) * double(y[i]);
  }
  return norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
}

class Bench {
public:
  Bench(ewald_cuda_context* context, const Cufft& cufft, double budget)
      : context_(context), cufft_(cufft), budget_(budget) {}
  bool wrong = false;
  int faster = 0, compared = 0;

  std::string row(const Row& r) {
    ewald_fft_descriptor d{};
    d.rank = std::uint32_t(r.shape.size());
    d.kind = r.real ? EWALD_FFT_KIND_R2C : EWALD_FFT_KIND_C2C;
    d.precision = r.f64 ? EWALD_FFT_PRECISION_F64 : EWALD_FFT_PRECISION_F32;
    d.reduced = d.rank - 1;
    d.batch = std::uint32_t(r.batch);
    for (std::size_t i = 0; i < r.shape.size(); i++) d.shape[i] = std::uint32_t(r.shape[i]);
    ewald_cuda_fft_info info;
    ewald_cuda_fft* plan = nullptr;
    if (ewald_cuda_fft_describe(context_, &d, &info) != EWALD_STATUS_OK ||
        ewald_cuda_fft_create(context_, &d, &plan) != EWALD_STATUS_OK)
      return failed(r, ewald_cuda_last_error());
    const Array in(context_, info.input_bytes), out(context_, info.output_bytes);
    if (!in.handle || !out.handle) {
      ewald_cuda_fft_destroy(plan);
      return failed(r, ewald_cuda_last_error());
    }
    std::vector<unsigned char> input(info.input_bytes), mine(info.output_bytes), theirs(info.output_bytes);
    fill(input, r.f64);
    ewald_cuda_array_write(in.handle, 0, input.data(), input.size());
    bool ran = true;
    const auto ours = [&] {
      ran &= ewald_cuda_fft_execute(plan, EWALD_FFT_DIRECTION_FORWARD, in.memory(), out.memory(),
                                    EWALD_CUDA_INPUT_ON_DEVICE | EWALD_CUDA_OUTPUT_ON_DEVICE,
                                    EWALD_FFT_SCALE_NONE) == EWALD_STATUS_OK;
    };
    ours();
    ewald_cuda_array_read(out.handle, 0, mine.data(), mine.size());

    int peer = 0;
    std::string against = "the C++ core", why = cufft_.why;
    const bool planned = cufft_.there && makePeer(r, peer, why);
    const auto library = [&] {
      if (r.real)
        cufft_.r2c(peer, in.memory(), out.memory());
      else
        (r.f64 ? cufft_.z2z : cufft_.c2c)(peer, in.memory(), out.memory(), -1);
      cudaDeviceSynchronize();
    };
    if (planned) {
      against = "cuFFT";
      library();
      ewald_cuda_array_read(out.handle, 0, theirs.data(), theirs.size());
    } else if (!onCore(d, input, theirs)) {
      ewald_cuda_fft_destroy(plan);
      return failed(r, "the core could not allocate memory for it");
    }
    const double apart = r.f64 ? difference<double>(mine, theirs) : difference<float>(mine, theirs);
    // Each side may have the error bound of the conformance tables, and eight times that with a convolution.
    const double limit =
        2 * 8 * std::ldexp(1.0, r.f64 ? -53 : -24) * std::sqrt(std::log2(double(info.output_bytes)) + 1);
    std::string text = head(r) + ",\"against\":\"" + against + "\",\"difference\":" + number(apart);
    if (!ran || !(apart <= limit)) {
      wrong = true;
      text += ",\"why\":\"" + std::string(ran ? "the answers differ" : "a run failed") + "\"}";
    } else {
      const double own = timed(budget_ / 2, ours), moved = double(info.bytes_read[0] + info.bytes_written[0]);
      text += ",\"ewaldMs\":" + number(own * 1e3) + ",\"passes\":" + std::to_string(info.passes[0]) +
              ",\"slabs\":" + std::to_string(info.slabs[0]) + ",\"bytesMoved\":" + number(moved) +
              ",\"bytesKept\":" + number(double(info.bytes_kept[0])) +
              ",\"gigabytesPerSecond\":" + number(moved / own / 1e9);
      if (planned) {
        const double other = timed(budget_ / 2, library);
        text += ",\"cufftMs\":" + number(other * 1e3) + ",\"ratio\":" + number(other / own);
        compared++;
        faster += other >= 0.9 * own;
      } else {
        text += ",\"cufft\":\"" + why + "\"";
      }
      text += "}";
    }
    if (planned) cufft_.destroy(peer);
    ewald_cuda_fft_destroy(plan);
    return text;
  }

private:
  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
  }
  static std::string head(const Row& r) { return "{\"name\":\"" + r.name + "\""; }
  std::string failed(const Row& r, const std::string& why) {
    wrong = true;
    std::string clean = why;
    std::replace(clean.begin(), clean.end(), '"', '\'');
    return head(r) + ",\"why\":\"" + clean + "\"}";
  }
  static void fill(std::vector<unsigned char>& bytes, bool f64) {
    std::mt19937 random(7);
    const auto next = [&] { return double(random()) / 2147483648.0 - 1; };
    if (f64)
      for (std::size_t i = 0; i < bytes.size() / 8; i++) reinterpret_cast<double*>(bytes.data())[i] = next();
    else
      for (std::size_t i = 0; i < bytes.size() / 4; i++) reinterpret_cast<float*>(bytes.data())[i] = float(next());
  }
  bool makePeer(const Row& r, int& plan, std::string& why) const {
    std::vector<int> shape = r.shape;
    const int status = cufft_.plan_many(&plan, int(shape.size()), shape.data(), nullptr, 1, 0, nullptr, 1, 0,
                                        r.real  ? 0x2a
                                        : r.f64 ? 0x69
                                                : 0x29,
                                        r.batch);
    if (status != 0) why = "cuFFT could not create a plan, status " + std::to_string(status);
    return status == 0;
  }
  static bool onCore(const ewald_fft_descriptor& d, const std::vector<unsigned char>& in,
                     std::vector<unsigned char>& out) {
    ewald_fft* plan = nullptr;
    const bool right = ewald_fft_create(&d, &plan) == EWALD_STATUS_OK &&
                       ewald_fft_execute(plan, EWALD_FFT_DIRECTION_FORWARD, in.data(), out.data(), nullptr,
                                         EWALD_FFT_SCALE_NONE) == EWALD_STATUS_OK;
    ewald_fft_destroy(plan);
    return right;
  }

  ewald_cuda_context* context_;
  const Cufft& cufft_;
  double budget_;
};

// A row from the command line; false if it is none.
bool parse(const char* text, Row& row) {
  row = {text, {}, 1, false, false};
  row.real = std::strncmp(text, "r2c:", 4) == 0;
  row.f64 = std::strncmp(text, "f64:", 4) == 0;
  if (row.real || row.f64) text += 4;
  const auto number = [&](int& value) {
    char* end = nullptr;
    const long found = std::strtol(text, &end, 10);
    const bool right = end != text && found > 0 && found < 1 << 30;
    value = int(found);
    text = end;
    return right;
  };
  for (int value = 0;;) {
    if (!number(value) || row.shape.size() == 3) return false;
    row.shape.push_back(value);
    if (*text == '\0') return true;
    if (*text == '*') break;
    if (*text++ != 'x') return false;
  }
  text++;
  return number(row.batch) && *text == '\0';
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 60;
  int device = 0;
  int run = 0;       // bytes of a run across an axis; 0: by the length
  double slab = -1;  // MiB that the passes of a slab touch; 0: no slabs, below 0: as the card decides
  bool quick = false;
  std::string path;
  std::vector<Row> wanted;
  Row one;
  for (int i = 1; i < argc; i++) {
    if (!std::strcmp(argv[i], "--quick"))
      quick = true;
    else if (!std::strcmp(argv[i], "--seconds") && i + 1 < argc)
      seconds = std::atof(argv[++i]);
    else if (!std::strcmp(argv[i], "--device") && i + 1 < argc)
      device = std::atoi(argv[++i]);
    else if (!std::strcmp(argv[i], "--cufft") && i + 1 < argc)
      path = argv[++i];
    else if (!std::strcmp(argv[i], "--run") && i + 1 < argc && (run = std::atoi(argv[++i]), run == 64 || run == 128))
      ewald::cuda::fft::run_bytes = std::uint32_t(run);
    else if (!std::strcmp(argv[i], "--slab") && i + 1 < argc)
      slab = std::atof(argv[++i]);
    else if (!std::strcmp(argv[i], "--shape") && i + 1 < argc && parse(argv[i + 1], one)) {
      wanted.push_back(one);
      i++;
    } else {
      std::fprintf(stderr,
                   "usage: ewald_cuda_fft_bench [--seconds N] [--device N] [--cufft FILE] [--run 64|128] [--slab MIB] "
                   "[--quick] [--shape [r2c:|f64:]200x200x200[*BATCH]]...\n");
      return 2;
    }
  }
  if (slab >= 0)
    ewald::cuda::fft::slab_bytes = slab > 0 ? std::uint64_t(slab * 1048576) : ewald::cuda::fft::never_slabs;
  ewald_cuda_context* context = nullptr;
  if (ewald_cuda_open(device, &context) != EWALD_STATUS_OK) {
    std::printf("{\"device\":null,\"why\":\"%s\"}\n", ewald_cuda_last_error());
    return 3;
  }
  ewald_cuda_device_info info = {};
  ewald_cuda_info(context, &info);
  const Cufft cufft(path);
  std::vector<Row> rows = {{"c2c f32 16x32x64", {16, 32, 64}, 1, false, false},
                           {"r2c f32 30x40 batch 3", {30, 40}, 3, false, true}};
  if (!wanted.empty())
    rows = wanted;
  else if (!quick)
    rows = {{"c2c f32 256^3", {256, 256, 256}, 1, false, false},
            {"c2c f32 512^3", {512, 512, 512}, 1, false, false},
            {"c2c f64 256^3", {256, 256, 256}, 1, true, false},
            {"r2c f32 256^3", {256, 256, 256}, 1, false, true},
            {"c2c f32 128^3", {128, 128, 128}, 1, false, false},
            {"c2c f32 200^3", {200, 200, 200}, 1, false, false},
            {"c2c f32 512^2 batch 64", {512, 512}, 64, false, false},
            {"c2c f32 1024 batch 16384", {1024}, 16384, false, false},
            {"c2c f32 1009 batch 8192", {1009}, 8192, false, false},
            {"c2c f32 2^20 batch 16", {1 << 20}, 16, false, false}};
  Bench bench(context, cufft, seconds / 2 / double(rows.size()));
  const auto begin = Clock::now();
  std::size_t done = 0;
  std::printf("{\"device\":\"%s\",\"run\":%d,\"cufft\":\"%s\",\"rows\":[", info.name, run,
              cufft.there ? cufft.file.c_str() : "not found");
  for (const Row& row : rows) {
    if (done > 0 && seconds_since(begin) > seconds) break;
    std::printf("%s%s", done++ ? "," : "", bench.row(row).c_str());
    std::fflush(stdout);
  }
  char summary[160];
  if (bench.compared > 0)
    std::snprintf(summary, sizeof summary, "%d of %d at 0.9 of cuFFT's speed or more", bench.faster, bench.compared);
  else
    std::snprintf(summary, sizeof summary, "%zu transforms timed, cuFFT was not found", done);
  std::printf("],\"interrupted\":%s,\"summary\":\"%s\"}\n", done < rows.size() ? "true" : "false", summary);
  ewald_cuda_close(context);
  return bench.wrong ? 1 : 0;
}
