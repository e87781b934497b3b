// The matrix as an SVG picture that code hosts display: it has no script, no style sheet and no font of its own.
#include <algorithm>

#include "check/report/matrix.h"
#include "check/report/report.h"
#include "page/html.h"

namespace lastbyte::check {
namespace {

constexpr int kLabels = 270;  ///< width of the column with the scenarios' names
constexpr int kColumn = 74;
constexpr int kRow = 19;
constexpr int kHead = 130;  ///< height of the header with the slanted names of the proxies
constexpr int kMargin = 12;

std::string number(int value) { return std::to_string(value); }

std::string text_at(int x, int y, const std::string& more, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\"" + more + ">" + page::escaped(text) + "</text>\n";
}

std::string cell_at(int x, int y, const Cell& cell) {
  const std::string why = cell.why.empty() ? "" : "<title>" + page::escaped(cell.why) + "</title>";
  return "<g>" + why + "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(kColumn - 1) +
         "\" height=\"" + number(kRow - 1) + "\" fill=\"" + page::colour(cell.share) + "\"/>" +
         text_at(x + kColumn / 2, y + kRow - 6, " text-anchor=\"middle\"", cell.text) + "</g>\n";
}

/// Draws rows from the top down.
class Picture {
 public:
  explicit Picture(std::size_t columns)
      : width_(2 * kMargin + kLabels + static_cast<int>(columns) * kColumn + kHead / 2) {}

  [[nodiscard]] static int column_at(std::size_t column) {
    return kMargin + kLabels + static_cast<int>(column) * kColumn;
  }

  void head(const std::vector<Report>& reports) {
    y_ += kHead;
    for (std::size_t i = 0; i < reports.size(); ++i) {
      const int x = column_at(i) + kColumn / 2;
      body_ +=
          text_at(x, y_ - 6, " font-weight=\"600\" transform=\"rotate(-40 " + number(x) + " " + number(y_ - 6) + ")\"",
                  reports[i].target);
    }
  }

  void row(const std::string& clause, const std::string& name, const std::vector<Cell>& cells) {
    body_ += text_at(kMargin, y_ + kRow - 6, " fill=\"#666\"", clause);
    body_ += text_at(kMargin + 34, y_ + kRow - 6, "", name);
    for (std::size_t i = 0; i < cells.size(); ++i) body_ += cell_at(column_at(i), y_, cells[i]);
    y_ += kRow;
  }

  void gap() { y_ += kRow / 2; }

  [[nodiscard]] std::string finished() const {
    const std::string size = " width=\"" + number(width_) + "\" height=\"" + number(y_ + kMargin) + "\"";
    return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + size +
           " font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#1a1a1a\">\n<rect" + size +
           " fill=\"#fff\"/>\n" + body_ + "</svg>\n";
  }

 private:
  int width_;
  int y_ = kMargin;
  std::string body_;
};

/// A cell with a sum such as "7/12".
Cell sum_of(const std::string& text) { return {.text = text}; }

}  // namespace

std::string matrix_svg(const std::vector<Report>& reports) {
  Picture picture(reports.size());
  picture.head(reports);
  const auto sums = [&](const char* name, std::string (*of)(const Report&)) {
    std::vector<Cell> cells;
    std::ranges::transform(reports, std::back_inserter(cells), [&](const Report& each) { return sum_of(of(each)); });
    picture.row("", name, cells);
  };
  sums("passed over TCP", passed_of);
  sums("passed in variants", passed_of_variants);
  picture.gap();
  for (const Row& each : rows_of(reports))
    picture.row(std::string(each.scenario->clause), std::string(each.scenario->name), each.cells);
  picture.gap();
  for (const VariantRow& each : variant_rows_of(reports))
    picture.row("", "@" + std::string(each.variant->name), each.cells);
  return picture.finished();
}

}  // namespace lastbyte::check
