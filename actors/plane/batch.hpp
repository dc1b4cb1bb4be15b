// Frames made ready for one gather write: small ones copied together with their headers, large ones pointed to.
#pragma once

#include "actors/plane/asio.hpp"
#include "actors/plane/wire.hpp"

#include <vector>

namespace burrow::plane {

class write_batch {
public:
  void fill(std::vector<frame> frames);
  /// Valid until the next fill().
  [[nodiscard]] const std::vector<net::const_buffer>& buffers() const { return buffers_; }
  [[nodiscard]] std::size_t frames() const { return frames_.size(); }
  [[nodiscard]] std::size_t cost() const { return cost_; } ///< as the outbox counts it
  void clear();

private:
  std::vector<frame> frames_;
  std::string joined_;
  std::vector<net::const_buffer> buffers_;
  std::size_t cost_ = 0;
};

} // namespace burrow::plane
