// result<T>: a value or an error. Nothing that we wrote throws across a function.
#pragma once

#include "cluster/base/assert.hpp"
#include "cluster/base/error.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace burrow {

template <class T>
class [[nodiscard]] result {
public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(burrow::error e) : state_(std::in_place_index<1>, std::move(e)) {}
  result(errc code) : result(burrow::error{code}) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  /// Asking a failed result for its value is a mistake of ours.
  [[nodiscard]] T& value() & { BURROW_ASSERT(ok()); return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { BURROW_ASSERT(ok()); return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { BURROW_ASSERT(ok()); return std::get<0>(std::move(state_)); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const burrow::error& error() const { BURROW_ASSERT(!ok()); return std::get<1>(state_); }
  [[nodiscard]] errc code() const { return ok() ? errc::ok : error().code; }

private:
  std::variant<T, burrow::error> state_;
};

template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(burrow::error e) : error_(std::move(e)) {}
  result(errc code) : error_(burrow::error{code}) {}
  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const burrow::error& error() const { BURROW_ASSERT(!ok()); return *error_; }
  [[nodiscard]] errc code() const { return error_ ? error_->code : errc::ok; }

private:
  std::optional<burrow::error> error_;
};

} // namespace burrow
