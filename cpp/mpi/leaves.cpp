#include "mpi/leaves.h"

#include <algorithm>

namespace ewald::mpi {

bool Leave::without_partner(const MessageKey& key, bool receive, int64_t index) const {
  if (!of(key.id)) return false;
  const auto found = counts.find({key.id, key.tag});
  return found == counts.end() || index >= found->second[receive ? kSends : kReceives];
}

void Leave::forget(int64_t id) {
  ids.erase(id);
  for (auto it = counts.begin(); it != counts.end();) it = it->first.first == id ? counts.erase(it) : std::next(it);
}

std::vector<int64_t> words_of(const Posted& posted, int peer, bool all, const std::vector<int64_t>& ids) {
  std::vector<int64_t> words = {all ? 1 : 0, int64_t(ids.size())};
  words.insert(words.end(), ids.begin(), ids.end());
  for (const auto& [key, counts] : posted)
    if (key.peer == peer && (all || std::find(ids.begin(), ids.end(), key.id) != ids.end()))
      words.insert(words.end(), {key.id, key.tag, counts[kSends], counts[kReceives]});
  return words;
}

}  // namespace ewald::mpi
