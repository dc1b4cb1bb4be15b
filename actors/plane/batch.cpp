#include "actors/plane/batch.hpp"

#include "actors/plane/bounds.hpp"
#include "actors/plane/outbox.hpp"

namespace burrow::plane {

void write_batch::fill(std::vector<frame> frames) {
  clear();
  frames_ = std::move(frames);
  std::size_t size = 0;
  for (const auto& f : frames_)
    size += header_bytes + (f.bytes.size() <= bounds::joined_bytes_max ? f.bytes.size() : 0);
  joined_.reserve(size); // the buffers point into it
  std::size_t from = 0;
  const auto end_part = [&] {
    if (from < joined_.size()) buffers_.emplace_back(joined_.data() + from, joined_.size() - from);
    from = joined_.size();
  };
  for (const auto& f : frames_) {
    cost_ += outbox::cost_of(f);
    append_header(joined_, f.bytes.size(), static_cast<std::uint8_t>(f.kind), f.shard);
    if (f.bytes.size() <= bounds::joined_bytes_max) {
      joined_ += f.bytes.view();
    } else {
      end_part();
      buffers_.emplace_back(f.bytes.view().data(), f.bytes.size());
    }
  }
  end_part();
}

void write_batch::clear() {
  frames_.clear();
  joined_.clear();
  buffers_.clear();
  cost_ = 0;
}

} // namespace burrow::plane
