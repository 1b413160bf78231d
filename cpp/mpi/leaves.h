// What ranks report to each other when they end or free a communicator: how many messages they have sent and received
// there. A message beyond these numbers never comes, so no rank waits for it forever.
#pragma once
#include <stddef.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace ewald::mpi {

struct MessageKey {
  int64_t id = -1;  // of the communicator
  int peer = -1;    // rank in the world
  int tag = 0;
  bool operator<(const MessageKey& other) const {
    return std::tie(id, peer, tag) < std::tie(other.id, other.peer, other.tag);
  }
};

enum { kSends, kReceives };
// Messages posted, sends and receives.
using Posted = std::map<MessageKey, std::array<int64_t, 2>>;

// The report of another rank.
struct Leave {
  bool all = false;
  std::set<int64_t> ids;
  std::map<std::pair<int64_t, int>, std::array<int64_t, 2>> counts;

  bool of(int64_t id) const { return all || ids.count(id) != 0; }
  // Whether the `index`-th message that this rank has posted has no partner there.
  bool without_partner(const MessageKey& key, bool receive, int64_t index) const;
  void forget(int64_t id);
};

// The words of a leave for one rank: whether it covers everything, the communicators, then id, tag and both counts of
// each kind of message.
std::vector<int64_t> words_of(const Posted& posted, int peer, bool all, const std::vector<int64_t>& ids);
// Adds the content of such words; `knows` returns whether a communicator concerns this rank.
template <typename Knows>
void hear(Leave& leave, const std::vector<int64_t>& words, Knows knows) {
  size_t at = 0;
  const auto next = [&] { return at < words.size() ? words[at++] : 0; };
  if (next() != 0) leave.all = true;
  for (int64_t ids = next(); ids > 0; ids--)
    if (const int64_t id = next(); knows(id)) leave.ids.insert(id);
  while (at < words.size()) {
    const int64_t id = next(), tag = next(), sends = next(), receives = next();
    if (knows(id)) leave.counts[{id, int(tag)}] = {sends, receives};
  }
}

}  // namespace ewald::mpi
