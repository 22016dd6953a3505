/* Reads tensors of the golden fixtures: f32, f64 and i64, as double. Enough for files that this repository made itself. */
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace test {

class Safetensors {
public:
    explicit Safetensors(const std::string &path)
    {
        std::FILE *const file = std::fopen(path.c_str(), "rb");
        if (file == nullptr)
            return;
        char part[65536];
        for (size_t got; (got = std::fread(part, 1, sizeof part, file)) != 0;)
            bytes_.insert(bytes_.end(), part, part + got);
        std::fclose(file);
        uint64_t header_bytes;
        std::memcpy(&header_bytes, bytes_.data(), 8);
        header_.assign(bytes_.data() + 8, header_bytes);
    }

    bool is_open() const { return !bytes_.empty(); }

    /* The tensor's elements; empty where there is none of that name. */
    std::vector<double> read(const std::string &name) const
    {
        const size_t entry = header_.find("\"" + name + "\":");
        if (entry == std::string::npos)
            return {};
        const std::string type = header_.substr(header_.find("\"dtype\":\"", entry) + 9, 3);
        const char *const offsets = header_.c_str() + header_.find('[', header_.find("\"data_offsets\"", entry));
        char *end;
        const size_t first = std::strtoull(offsets + 1, &end, 10);
        const size_t last = std::strtoull(end + 1, nullptr, 10);
        const char *const data = bytes_.data() + 8 + header_.size() + first;
        std::vector<double> values((last - first) / (type == "F32" ? 4 : 8));
        for (size_t i = 0; i < values.size(); i++)
            values[i] = type == "F64" ? at<double>(data, i) : type == "I64" ? (double)at<int64_t>(data, i) : at<float>(data, i);
        return values;
    }

private:
    template <class T>
    static T at(const char *data, size_t i)
    {
        T value;
        std::memcpy(&value, data + i * sizeof value, sizeof value);
        return value;
    }

    std::vector<char> bytes_;
    std::string header_;
};

}  // namespace test
