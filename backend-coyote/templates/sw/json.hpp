// Reads JSON: as much of it as a manifest has.

#ifndef NETLATHE_JSON_HPP
#define NETLATHE_JSON_HPP

#include <cctype>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace netlathe {

struct Json {
    enum Kind { NOTHING, BOOLEAN, NUMBER, TEXT, LIST, OBJECT };
    Kind kind = NOTHING;
    double number = 0; // of BOOLEAN, too
    std::string text;
    std::vector<Json> list;
    std::map<std::string, Json> object;

    // The field of that name.
    const Json& at(const std::string& name) const {
        const auto found = object.find(name);
        if (found == object.end()) {
            throw std::runtime_error("there is no field \"" + name + "\"");
        }
        return found->second;
    }

    bool has(const std::string& name) const { return object.count(name) > 0; }

    // A whole number from 0 on.
    unsigned long count() const {
        if (kind != NUMBER || number < 0 || number > 9e15 || number != static_cast<double>(static_cast<unsigned long>(number))) {
            throw std::runtime_error("a whole number was expected");
        }
        return static_cast<unsigned long>(number);
    }

    const std::string& string() const {
        if (kind != TEXT) {
            throw std::runtime_error("a text was expected");
        }
        return text;
    }
};

class JsonReader {
  public:
    static Json read(const std::string& text) {
        JsonReader reader(text);
        Json value = reader.value(0);
        reader.space();
        reader.expect(reader.at_ == text.size());
        return value;
    }

  private:
    explicit JsonReader(const std::string& text) : text_(text) {}

    void expect(bool right) const {
        if (!right) {
            throw std::runtime_error("this is no JSON (byte " + std::to_string(at_) + ")");
        }
    }

    void space() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
            at_++;
        }
    }

    bool skip(const std::string& word) {
        const bool here = text_.compare(at_, word.size(), word) == 0;
        at_ += here ? word.size() : 0;
        return here;
    }

    Json value(int depth) {
        expect(depth < 64);
        space();
        Json value;
        if (skip("{")) {
            value.kind = Json::OBJECT;
            for (space(); !skip("}"); space()) {
                expect(value.object.empty() || skip(","));
                space();
                expect(at_ < text_.size() && text_[at_] == '"');
                const std::string name = string();
                space();
                expect(skip(":"));
                value.object[name] = this->value(depth + 1);
            }
        } else if (skip("[")) {
            value.kind = Json::LIST;
            for (space(); !skip("]"); space()) {
                expect(value.list.empty() || skip(","));
                value.list.push_back(this->value(depth + 1));
            }
        } else if (at_ < text_.size() && text_[at_] == '"') {
            value.kind = Json::TEXT;
            value.text = string();
        } else if (skip("true")) {
            value.kind = Json::BOOLEAN;
            value.number = 1;
        } else if (skip("false")) {
            value.kind = Json::BOOLEAN;
        } else if (!skip("null")) {
            char* end = nullptr;
            value.kind = Json::NUMBER;
            value.number = std::strtod(text_.c_str() + at_, &end);
            expect(end != text_.c_str() + at_);
            at_ = static_cast<size_t>(end - text_.c_str());
        }
        return value;
    }

    std::string string() {
        std::string all;
        for (at_++; at_ < text_.size() && text_[at_] != '"'; at_++) {
            if (text_[at_] != '\\') {
                all += text_[at_];
                continue;
            }
            at_++;
            expect(at_ < text_.size());
            const std::string codes = "\"\\/bfnrt", characters = "\"\\/\b\f\n\r\t";
            const size_t which = codes.find(text_[at_]);
            if (which != std::string::npos) {
                all += characters[which];
            } else {
                // Only in names, which are printed and nothing else.
                expect(text_[at_] == 'u' && at_ + 4 < text_.size());
                all += "\\u" + text_.substr(at_ + 1, 4);
                at_ += 4;
            }
        }
        expect(at_ < text_.size());
        at_++;
        return all;
    }

    const std::string& text_;
    size_t at_ = 0;
};

} // namespace netlathe

#endif
