#include "actors/reader_actor.hpp"

#include <caf/all.hpp>

namespace burrow {
namespace {

class reader {
public:
  static constexpr const char* actor_name = "reader";

  reader(shell<reader>* self, reader_options options) : self_(self), data_(std::move(options.data)) {
    BURROW_ASSERT(data_ != nullptr);
  }

  caf::behavior behavior() {
    return {
      [this](const load& m) {
        auto values = std::make_shared<std::vector<loaded_item>>();
        values->reserve(m.what.items.size());
        for (const auto& item : m.what.items) values->push_back(read(item));
        self_->send(m.from, loaded{m.start, m.what.id, std::move(values)});
      },
      [this](const recover& m) { self_->send(m.from, recovered{m.start, load_replica(*data_, m.options)}); },
      [this](stop_atom) { self_->quit(); },
    };
  }

private:
  using value = std::variant<store::lookup, scan_page>;

  [[nodiscard]] loaded_item read(const load_item& item) const {
    if (const auto* key = std::get_if<std::string>(&item.what)) return {wrapped(data_->get(item.where, *key, disk))};
    return {wrapped(data_->scan(item.where, std::get<scan_request>(item.what), disk))};
  }

  template <class T>
  static result<value> wrapped(result<T> got) {
    if (!got) return got.error();
    return value{std::move(got).value()};
  }

  static constexpr auto disk = read_tier::disk;
  shell<reader>* self_;
  std::shared_ptr<store> data_;
};

} // namespace

caf::actor spawn_reader(caf::actor_system& system, reader_options options, bool detached) {
  return detached ? system.spawn<caf::detached>(run_shell<reader, reader_options>, std::move(options))
                  : system.spawn(run_shell<reader, reader_options>, std::move(options));
}

} // namespace burrow
