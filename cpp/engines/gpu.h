// Common parts of cuFFT and rocFFT: GPU memory through a runtime that is also loaded, and arrays packed on the host so
// that the GPU sees contiguous transforms of at most three axes.
#pragma once
#include "engines/engine.h"
#include "fft/plan.h"

namespace ewald::engines {

// CUDA's runtime, or HIP's, which has the same functions under another prefix.
struct Runtime {
  const char* name;
  int (*allocate)(void** address, size_t bytes);
  int (*release)(void* address);
  int (*copy)(void* to, const void* from, size_t bytes, int kind);
  int (*synchronize)();
  int (*count)(int* devices);
  const char* (*text)(int error);

  static constexpr int to_device = 1, to_host = 2, no_memory = 2;
  bool load(const Library& library, const char* prefix, std::string& missing);
  // Empty if there is a device, else why there is no device.
  std::string no_device() const;
};

// The layout of one side on the GPU: untransformed dimensions outermost, then the transformed axes, the halved one
// last.
struct Packed {
  bool complex;    // on the GPU; the caller's real numbers of a full complex transform are widened
  bool direct;     // the layout of the caller's array is that on the GPU
  size_t numbers;  // of the precision
  size_t count[fft::max_dims], stride[fft::max_dims];  // by dimension of the problem
};

// Transformed lengths, slowest first, and the number of transforms.
struct Layout {
  int axes = 0;
  size_t length[fft::max_dims];
  size_t batch = 1;
  Packed side[2];  // the forward input and output
};
Layout layout_of(const fft::Problem& problem);

// A plan on a GPU: copies in, transforms, copies out.
class GpuPlan : public Plan {
public:
  GpuPlan(const Runtime& runtime, const fft::Problem& problem, const Layout& layout, bool f64);
  ~GpuPlan() override;
  int32_t execute(uint32_t direction, const void* in, void* out, void* workspace, uint32_t scale) override;
  bool ready(uint32_t, const void*, const void*) const override { return false; }

protected:
  // Transforms from one device array to the other; the source may be destroyed.
  virtual int32_t transform(uint32_t direction, void* from, void* to) = 0;
  // The memory of both sides; `work` is the library's own memory, recorded only for accounting.
  int32_t allocate_sides(size_t work);
  int32_t check(int error, const char* what, size_t bytes = 0) const;

  const Runtime runtime_;
  const fft::Problem problem_;
  const Layout layout_;
  const bool f64_;

private:
  template <class T>
  int32_t run(uint32_t direction, const T* in, T* out, double factor);

  void* device_[2] = {};
  void* host_[2] = {};
};

Found find_cufft(const Libraries& libraries);
Found find_rocfft(const Libraries& libraries);
int32_t create_cufft(const Libraries& libraries, const fft::Problem& problem, bool f64, std::unique_ptr<Plan>& plan);
int32_t create_rocfft(const Libraries& libraries, const fft::Problem& problem, bool f64, std::unique_ptr<Plan>& plan);

}  // namespace ewald::engines
