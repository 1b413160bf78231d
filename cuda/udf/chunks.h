// Bytes of frames that are uploaded together.
#pragma once
#include <atomic>
#include <cstddef>

namespace ewald::cuda::udf {

// Enough that the time of waking the threads which copy is negligible. Tests take fewer, for passes planned afterwards.
inline std::atomic<std::size_t> chunk_bytes{std::size_t(64) << 20};

}  // namespace ewald::cuda::udf
