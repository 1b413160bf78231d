// A transform computed by a third-party library, with the same descriptor and the same meaning.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engines/library.h"
#include "ewald.h"

namespace ewald::engines {

// The possible names of each library of an engine: first the engine itself, then its dependencies.
using Libraries = std::vector<Names>;

// A plan in both directions. One run at a time; different plans may run at the same time.
class Plan {
public:
  virtual ~Plan() = default;
  virtual int32_t execute(uint32_t direction, const void* in, void* out, void* workspace, uint32_t scale) = 0;
  // Whether a run on these arrays neither plans nor waits, so that it may run on the JavaScript thread.
  virtual bool ready(uint32_t direction, const void* in, const void* out) const = 0;

  // Elements of both sides and complex numbers of workspace, as ewald_fft_sizes gives them.
  size_t input = 0, output = 0, workspace = 0;
  // Bytes that the plan holds, without the library's internal memory.
  size_t bytes = 0;
};

// Ends current or future planning, from another thread: FFTW stops between two of the plans that it times. The other
// engines plan immediately.
class Stop {
public:
  void ask() {
    const std::lock_guard<std::mutex> lock(mutex_);
    asked_ = true;
    if (end_) end_();
  }
  // `end` is called when planning is cancelled, until leave(). False if it was already cancelled.
  bool enter(std::function<void()> end) {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = std::move(end);
    return !asked_;
  }
  void leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = nullptr;
  }
  bool asked() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return asked_;
  }

private:
  std::mutex mutex_;
  bool asked_ = false;
  std::function<void()> end_;
};

// Whether an engine is available, its version and file, or why it is not.
struct Found {
  bool available = false;
  std::string version, file, why;
};

// `engine` is fftw, mkl, cufft or rocfft; `f64` matters if each precision has a separate library.
Found find(const std::string& engine, const Libraries& libraries, bool f64);

// Creates a plan; `measure` times candidates if the library can. Statuses and messages are those of the core
// (common/status.h).
int32_t create(const std::string& engine, const Libraries& libraries, const ewald_fft_descriptor& descriptor,
               bool measure, Stop& stop, std::unique_ptr<Plan>& plan);

}  // namespace ewald::engines
