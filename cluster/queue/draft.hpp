// The changes of one entry before they are a delta: reads see them at once, the view does not. Knows keys and values,
// not what they mean. After a read that the view could not answer it is *broken*: every later read says "absent", and
// whoever uses it must stop and give up without effect.
#pragma once

#include "cluster/queue/view.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace burrow::queue {

class draft {
public:
  explicit draft(view& state) : view_(state) {}

  /// False after a read that memory could not answer; missing() says which.
  [[nodiscard]] bool ok() const { return missing_.empty(); }
  [[nodiscard]] std::vector<load_request>& missing() { return missing_; }

  [[nodiscard]] std::optional<std::string> get(std::string_view key);

  using pair = std::pair<std::string, std::string>;
  struct page {
    std::vector<pair> items;
    bool complete = false; ///< nothing in the range lies beyond the last item
  };
  /// Pairs in [request.from, request.to), at most request.items_max.
  [[nodiscard]] page scan(const scan_request& request);

  /// Sets a key. `old` is the value that the caller has read (nothing = surely not there): it need not be looked up
  /// again, and is used only if this entry has not changed the key before.
  void put(std::string_view key, std::string value, std::optional<std::string_view> old);
  /// Removes a key that is there with this value.
  void erase(std::string_view key, std::string_view old);
  /// The same, of which only the hash of key and value is known.
  void erase_hashed(std::string_view key, const hash128& old);
  /// The value of a key that this entry has set, to be changed in place; null if it has not.
  [[nodiscard]] std::string* own(std::string_view key);

  /// From mark() on, changes can be undone by roll_back(); keep() ends that.
  void mark();
  void keep();
  void roll_back();

  /// All changes, ascending. The draft is empty afterwards.
  [[nodiscard]] std::vector<delta::change> take();

private:
  struct slot {
    std::optional<std::string> value;
    std::optional<hash128> old_hash;
  };
  using slots = std::map<std::string, slot, std::less<>>;

  /// `old` makes the hash of what was there, if this entry has not changed the key before.
  template <class Old>
  slot& touch(std::string_view key, Old old);
  [[nodiscard]] page merge(const scan_request& request, slots::const_iterator low, slots::const_iterator high);

  view& view_;
  slots slots_;
  std::vector<load_request> missing_;
  bool marked_ = false;
  std::vector<std::pair<std::string, std::optional<slot>>> undo_; ///< what each key was, oldest first
};

} // namespace burrow::queue
