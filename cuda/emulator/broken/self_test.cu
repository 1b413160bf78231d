// GPUs with one faulty mechanism: the self-test has to name it, and no other.
#include "../../common/self_test.cuh"

#include "cases.h"
#include "self_test.h"

namespace ewald::emulator::broken {
namespace {
using cuda::self_test::Card;

// Each thread sees separate memory.
struct SharedAtomics : Card {
  static __device__ unsigned add_shared(unsigned* at, unsigned value) { return *at = value; }
};
// An update that is lost, and an exchange that never happens.
struct GlobalAtomics : Card {
  static __device__ unsigned add_global(unsigned* at, unsigned value) { return *at = value; }
};
struct Exchange : Card {
  static __device__ unsigned swap_global(unsigned* at, unsigned, unsigned) { return *at; }
};
// A barrier that the compiler has omitted.
struct Barrier : Card {
  static __device__ void barrier() {}
};
struct BarrierInLoop : Card {
  static __device__ void barrier_in_loop() {}
};
// A lane that gets its own value, and a vote of half a warp.
struct Shuffle : Card {
  static __device__ unsigned across(unsigned value, int) { return value; }
};
struct Ballot : Card {
  static __device__ unsigned ballot(bool yes) { return Card::ballot(yes) & 0xffffu; }
};
// Products of single precision.
struct Doubles : Card {
  static __device__ double product(double a, double b) { return double(float(a) * float(b)); }
};
// The lower half of a product instead of the upper.
struct Integers : Card {
  static __device__ unsigned high(unsigned a, unsigned b) { return a * b; }
};

template <class Hardware>
SelfTestOutcome judged(const char* broken) {
  const Array<unsigned> memory(cuda::self_test::kMemoryWords);
  SelfTestOutcome outcome{broken, {}};
  const cudaError_t code = cuda::self_test::find_faults<Hardware>(0, memory.data(), outcome.faults);
  if (code != cudaSuccess) outcome.faults = cudaGetErrorString(code);
  return outcome;
}
}  // namespace

std::vector<SelfTestOutcome> judgeSelfTest() {
  return {judged<Card>(""),
          judged<SharedAtomics>("workgroupAtomics"),
          judged<GlobalAtomics>("storageAtomics"),
          judged<Exchange>("storageAtomics"),
          judged<Barrier>("workgroupMemory"),
          judged<BarrierInLoop>("loopBarriers"),
          judged<Shuffle>("shuffles"),
          judged<Ballot>("shuffles"),
          judged<Doubles>("doubles"),
          judged<Integers>("integers")};
}

}  // namespace ewald::emulator::broken
