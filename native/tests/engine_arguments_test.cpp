/* What the engine's calls refuse, that the message says why, and that a refused call changes nothing. */
#include "engine_case.h"

#include <functional>

namespace {

using namespace test;

/* The call was refused with that status, and a message that holds the text. */
void expect(ctn_status expected, const char *text, ctn_status actual)
{
    CHECK(actual == expected, "%s: status %d", text, actual);
    CHECK(std::strstr(ctn_last_message(), text) != nullptr, "\"%s\" is not in \"%s\"", text, ctn_last_message());
}

struct Fault {
    const char *text;
    std::function<void(ctn_engine_config &)> change;
    ctn_status status = CTN_INVALID_ARGUMENT;
};

const Fault config_faults[] = {
    {"struct_size", [](auto &c) { c.struct_size--; }},
    {"layers is 0; allowed: 1", [](auto &c) { c.layers = 0; }},
    {"layers is -1", [](auto &c) { c.layers = -1; }},
    {"heads is 0", [](auto &c) { c.heads = 0; }},
    {"head_dim is 0; allowed: 2 to 256", [](auto &c) { c.head_dim = 0; }},
    {"head_dim is 258", [](auto &c) { c.head_dim = 258; }},
    {"head_dim is 15; an even number", [](auto &c) { c.head_dim = 15; }},
    {"rotary_dim is -2", [](auto &c) { c.rotary_dim = -2; }},
    {"rotary_dim is 18; allowed: 0 to 16", [](auto &c) { c.rotary_dim = 18; }},
    {"rotary_dim is 7; an even number", [](auto &c) { c.rotary_dim = 7; }},
    {"turns is null", [](auto &c) { c.turns = nullptr; }},
    {"inner is 0", [](auto &c) { c.inner = 0; }},
    {"inner is 23; an even number", [](auto &c) { c.inner = 23; }, CTN_UNSUPPORTED},
    {"inner is 2147483647", [](auto &c) { c.inner = 0x7fffffff; }},
    {"vocabulary is 0", [](auto &c) { c.vocabulary = 0; }},
    {"tied_head is 2", [](auto &c) { c.tied_head = 2; }},
    {"layer_norm_epsilon is 0", [](auto &c) { c.layer_norm_epsilon = 0; }},
    {"layer_norm_epsilon is nan", [](auto &c) { c.layer_norm_epsilon = NAN; }},
    {"layer_norm_epsilon is inf", [](auto &c) { c.layer_norm_epsilon = INFINITY; }},
    {"layer_norm_epsilon is 1e-300", [](auto &c) { c.layer_norm_epsilon = 1e-300; }},
    {"weight_dtype is 2", [](auto &c) { c.weight_dtype = CTN_F16; }, CTN_UNSUPPORTED},
    {"weight_dtype is 9", [](auto &c) { c.weight_dtype = 9; }},
    {"state_dtype is 2", [](auto &c) { c.state_dtype = CTN_F16; }, CTN_UNSUPPORTED},
    {"state_dtype is 1", [](auto &c) { c.state_dtype = CTN_BF16; }},
    {"slots is 0", [](auto &c) { c.slots = 0; }},
    {"max_rows is 0", [](auto &c) { c.max_rows = 0; }},
    {"max_tokens is 7; allowed: 8 to", [](auto &c) { c.max_tokens = 7; }},
    {"max_tokens is 2147483647", [](auto &c) { c.max_tokens = 0x7fffffff; }},
    {"provisional_rows is 9; allowed: 0 to 8", [](auto &c) { c.provisional_rows = 9; }},
    {"provisional_rows is -1", [](auto &c) { c.provisional_rows = -1; }},
    {"provisional_tokens is 0; allowed: 1 to 8", [](auto &c) { c.provisional_tokens = 0; }},
    {"provisional_tokens is 9", [](auto &c) { c.provisional_tokens = 9; }},
    {"fold_interval is 0; allowed: 1 to 16", [](auto &c) { c.fold_interval = 0; }},
    {"fold_interval is 17", [](auto &c) { c.fold_interval = 17; }},
    {"chunk_tokens is 12; 0 is served: head_dim is 16", [](auto &c) { c.chunk_tokens = 12; }, CTN_UNSUPPORTED},
    {"chunk_tokens is -1", [](auto &c) { c.chunk_tokens = -1; }},
    {"device 1 does not exist", [](auto &c) { c.device = 1; }, CTN_NO_DEVICE},
    {"device -1", [](auto &c) { c.device = -1; }, CTN_NO_DEVICE},
    /* Sizes whose product is more than 64 bits, or more than any memory. */
    {"layers * heads", [](auto &c) { c.layers = c.heads = 0x7fffffff; }},
    {"3 * heads * head_dim + inner", [](auto &c) { c.layers = 1; c.heads = 1 << 24; }},
    {"max_rows is 8", [](auto &c) { c.layers = 1 << 23; c.heads = 2; c.head_dim = 256; }},
    {"more than 2^63", [](auto &c) { c.layers = 1 << 20; c.heads = 8; c.head_dim = 256; c.slots = 0x7fffffff; c.max_rows = 1; c.provisional_rows = 0; }},
    {"bytes of device memory", [](auto &c) { c.slots = 0x7fffffff; }, CTN_OUT_OF_MEMORY},
    {"bytes of device memory", [](auto &c) { c.vocabulary = 0x7fffffff; }, CTN_OUT_OF_MEMORY},
};

TEST(Create_EachFault_IsRefusedWithTheValue)
{
    const Model model({});
    for (const Fault &fault : config_faults) {
        ctn_engine_config config = config_of(model);
        fault.change(config);
        ctn_engine *engine = reinterpret_cast<ctn_engine *>(8);
        expect(fault.status, fault.text, ctn_engine_create(&config, &engine));
        CHECK(engine == nullptr, "an engine for %s", fault.text);
    }
}

TEST(Create_NullPointers_AreRefused)
{
    const Model model({});
    const ctn_engine_config config = config_of(model);
    ctn_engine *engine;
    expect(CTN_INVALID_ARGUMENT, "config is null", ctn_engine_create(nullptr, &engine));
    expect(CTN_INVALID_ARGUMENT, "engine is null", ctn_engine_create(&config, nullptr));
    ctn_engine_destroy(nullptr);
}

TEST(EveryCall_NullEngine_IsRefused)
{
    float value;
    int32_t read;
    ctn_engine_memory memory = {sizeof memory, 0, 0, 0, 0, 0};
    const ctn_status statuses[] = {
        ctn_engine_describe_memory(nullptr, &memory), ctn_engine_write_tensor(nullptr, 0, 0, 0, 1, &value), ctn_engine_seal(nullptr),
        ctn_engine_begin_step(nullptr, nullptr, 0, nullptr, 0, nullptr), ctn_engine_end_step(nullptr, nullptr),
        ctn_engine_read_logits(nullptr, 0, 0, &value), ctn_engine_commit(nullptr, 0, 0), ctn_engine_fill_slot(nullptr, 0, 0),
        ctn_engine_copy_slot(nullptr, 0, 0), ctn_engine_write_slot(nullptr, 0, &value), ctn_engine_begin_read_slot(nullptr, 0, &read),
        ctn_engine_end_read_slot(nullptr, 0, &value)};
    for (const ctn_status status : statuses)
        CHECK(status == CTN_INVALID_ARGUMENT, "status %d", status);
    CHECK(std::strcmp(ctn_last_message(), "engine is null") == 0, "%s", ctn_last_message());
}

TEST(WriteTensor_EachFault_IsRefused)
{
    const Model model({});
    const ctn_engine_config config = config_of(model);
    ctn_engine *engine = nullptr;
    CHECK_OK(ctn_engine_create(&config, &engine));
    const std::vector<float> values(64 * 64);
    expect(CTN_INVALID_ARGUMENT, "tensor is -1; allowed: 0 to 15", ctn_engine_write_tensor(engine, -1, 0, 0, 1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "tensor is 16", ctn_engine_write_tensor(engine, 16, 0, 0, 1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "CTN_QUERY is 2; allowed: 0 to 1", ctn_engine_write_tensor(engine, CTN_QUERY, 2, 0, 1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "CTN_HEAD is 1; allowed: 0 to 0", ctn_engine_write_tensor(engine, CTN_HEAD, 1, 0, 1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "layer", ctn_engine_write_tensor(engine, CTN_QUERY, -1, 0, 1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "first_row", ctn_engine_write_tensor(engine, CTN_QUERY, 0, -1, 1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "first_row", ctn_engine_write_tensor(engine, CTN_QUERY, 0, 33, 1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "rows", ctn_engine_write_tensor(engine, CTN_QUERY, 0, 30, 3, values.data()));
    expect(CTN_INVALID_ARGUMENT, "rows", ctn_engine_write_tensor(engine, CTN_QUERY, 0, 1, 0x7fffffff, values.data()));
    expect(CTN_INVALID_ARGUMENT, "rows", ctn_engine_write_tensor(engine, CTN_QUERY, 0, 0, -1, values.data()));
    expect(CTN_INVALID_ARGUMENT, "values is null", ctn_engine_write_tensor(engine, CTN_QUERY, 0, 0, 1, nullptr));
    ctn_engine_destroy(engine);
}

TEST(Seal_TensorMissing_NamesIt)
{
    const Model model({});
    const ctn_engine_config config = config_of(model);
    const char *const names[] = {"CTN_EMBEDDING", "CTN_NORM_WEIGHT", "CTN_NORM_BIAS", "CTN_QUERY", "CTN_KEY", "CTN_VALUE", "CTN_SIGMA",
        "CTN_ATTENTION_OUT", "CTN_MLP_IN", "CTN_MLP_IN_BIAS", "CTN_MLP_OUT", "CTN_MLP_OUT_BIAS", "CTN_FINAL_NORM_WEIGHT",
        "CTN_FINAL_NORM_BIAS", "CTN_HEAD", "CTN_HEAD_BIAS"};
    for (ctn_tensor tensor = 0; tensor <= CTN_HEAD_BIAS; tensor++) {
        ctn_engine *engine = nullptr;
        CHECK_OK(ctn_engine_create(&config, &engine));
        model.write(engine, tensor);
        expect(CTN_INVALID_ARGUMENT, names[tensor], ctn_engine_seal(engine));
        ctn_engine_destroy(engine);
    }
}

TEST(Seal_OneRowMissing_NamesRowAndLayer)
{
    const Model model({});
    const ctn_engine_config config = config_of(model);
    ctn_engine *engine = nullptr;
    CHECK_OK(ctn_engine_create(&config, &engine));
    model.write(engine, CTN_MLP_OUT);
    const Tensor &tensor = model.layers[1][CTN_MLP_OUT];
    for (const int layer : {0, 1})
        CHECK_OK(ctn_engine_write_tensor(engine, CTN_MLP_OUT, layer, 0, layer == 0 ? 32 : 13, tensor.values.data()));
    CHECK_OK(ctn_engine_write_tensor(engine, CTN_MLP_OUT, 1, 14, 18, tensor.values.data()));
    expect(CTN_INVALID_ARGUMENT, "CTN_MLP_OUT was never written: row 13 of layer 1 is the first of 1 missing rows", ctn_engine_seal(engine));
    expect(CTN_INVALID_ARGUMENT, "not sealed", ctn_engine_begin_step(engine, nullptr, 0, nullptr, 0, nullptr));

    CHECK_OK(ctn_engine_write_tensor(engine, CTN_MLP_OUT, 1, 13, 1, tensor.values.data()));
    CHECK_OK(ctn_engine_seal(engine));
    expect(CTN_INVALID_ARGUMENT, "sealed already", ctn_engine_seal(engine));
    expect(CTN_INVALID_ARGUMENT, "is sealed", ctn_engine_write_tensor(engine, CTN_QUERY, 0, 0, 1, tensor.values.data()));
    ctn_engine_destroy(engine);
}

TEST(WriteTensor_TiedHead_IsTheEmbeddings)
{
    const Model model({1, 1, 16, 0, 8, 20, true});
    const ctn_engine_config config = config_of(model);
    ctn_engine *engine = nullptr;
    CHECK_OK(ctn_engine_create(&config, &engine));
    expect(CTN_INVALID_ARGUMENT, "tied_head", ctn_engine_write_tensor(engine, CTN_HEAD, 0, 0, 1, model.layers[0][CTN_HEAD].values.data()));
    ctn_engine_destroy(engine);
}

TEST(BeginStep_EachFault_IsRefusedAndChangesNothing)
{
    const Model model({});
    Engine engine(model);
    Engine untouched(model);
    const ctn_draw good = {0.5, 0.9, 0.1, 1, 5, 50, 1};
    struct {
        const char *text;
        std::vector<Part> parts;
        std::vector<ctn_draw> draws;
    } const faults[] = {
        {"slot of row 1 is 6; allowed: 0 to 5", {{0, 0, {1}}, {6, 0, {1}}}, {}},
        {"slot of row 0 is -1", {{-1, 0, {1}}}, {}},
        {"slot of row 1 is 2, which an earlier row has", {{2, 0, {1}}, {2, 1, {1}}}, {}},
        {"position of row 0 is -1", {{0, -1, {1}}}, {}},
        {"position of row 0 is 9223372036854775807", {{0, INT64_MAX, {1}}}, {}},
        {"token_count of row 0 is 0; allowed: 1 to 40", {{0, 0, {}, 0}}, {}},
        {"logits_count of row 0 is 3; allowed: 0 to 2", {{0, 0, {1, 2}, 3}}, {}},
        {"logits_count of row 0 is -1", {{0, 0, {1, 2}, -1}}, {}},
        {"token 2 is 50; allowed: 0 to 49", {{0, 0, {1, 2, 50}}}, {}},
        {"token 0 is -1; allowed: 0 to 49, and below 0 for a provisional row of one token", {{0, 0, {~0}}}, {}},
        {"token 2 is -1; allowed", {{0, 0, {1}}, {1, 0, {2, ~0}, 1, true}}, {}},
        {"token 0 is -1, the draw from row 0 of logits; the last step with logits has 0", {{0, 0, {~0}, 1, true}}, {}},
        {"token_count is 41; allowed: 0 to 40", {{0, 0, tokens_of(41, 1)}}, {}},
        {"want 10 rows of logits; allowed: up to 8", {{0, 0, tokens_of(10, 1), 10}}, {}},
        {"3 rows are provisional and do not run ahead; allowed: up to 2", {{0, 0, {1}, 1, true}, {1, 0, {1}, 1, true}, {2, 0, {1}, 1, true}}, {}},
        {"token_count of row 0 is 9; allowed: 1 to 8", {{0, 0, tokens_of(9, 1), 1, true}}, {}},
        {"uniform of draw 0 is 1", {{0, 0, {1}}}, {{1, 1, 0, 1, 0, 50, 1}}},
        {"uniform of draw 1 is nan", {{0, 0, {1}}, {1, 0, {1}}}, {good, {NAN, 1, 0, 1, 0, 50, 1}}},
        {"top_p of draw 0 is 0", {{0, 0, {1}}}, {{0, 0, 0, 1, 0, 50, 1}}},
        {"top_p of draw 0 is 1.5", {{0, 0, {1}}}, {{0, 1.5, 0, 1, 0, 50, 1}}},
        {"min_p of draw 0 is -1", {{0, 0, {1}}}, {{0, 1, -1, 1, 0, 50, 1}}},
        {"temperature of draw 0 is -1", {{0, 0, {1}}}, {{0, 1, 0, -1, 0, 50, 1}}},
        {"temperature of draw 0 is inf", {{0, 0, {1}}}, {{0, 1, 0, INFINITY, 0, 50, 1}}},
        {"top_k of draw 0 is -1", {{0, 0, {1}}}, {{0, 1, 0, 1, -1, 50, 1}}},
        {"live of draw 0 is 0; allowed: 1 to 50", {{0, 0, {1}}}, {{0, 1, 0, 1, 0, 0, 1}}},
        {"live of draw 0 is 51", {{0, 0, {1}}}, {{0, 1, 0, 1, 0, 51, 1}}},
    };
    for (const auto &fault : faults) {
        expect(CTN_INVALID_ARGUMENT, fault.text, engine.begin(fault.parts, fault.draws));
        expect(CTN_INVALID_ARGUMENT, "no step is under way", ctn_engine_end_step(engine.handle, nullptr));
    }
    const ctn_row row = {0, 0, 2, 1, 0};
    const int32_t tokens[] = {1, 2};
    expect(CTN_INVALID_ARGUMENT, "rows is null", ctn_engine_begin_step(engine.handle, nullptr, 1, tokens, 2, nullptr));
    expect(CTN_INVALID_ARGUMENT, "tokens is null", ctn_engine_begin_step(engine.handle, &row, 1, nullptr, 2, nullptr));
    expect(CTN_INVALID_ARGUMENT, "row_count is -1", ctn_engine_begin_step(engine.handle, &row, -1, tokens, 2, nullptr));
    expect(CTN_INVALID_ARGUMENT, "row_count is 9; allowed: 0 to 8", ctn_engine_begin_step(engine.handle, &row, 9, tokens, 2, nullptr));
    expect(CTN_INVALID_ARGUMENT, "token_count is -1", ctn_engine_begin_step(engine.handle, &row, 1, tokens, -1, nullptr));
    expect(CTN_INVALID_ARGUMENT, "token_count is 1; the rows have 2", ctn_engine_begin_step(engine.handle, &row, 1, tokens, 1, nullptr));

    const std::vector<Part> parts = {{0, 0, {1, 2}}, {1, 7, tokens_of(11, 1)}};
    CHECK(has_same_bits(untouched.run(parts), engine.run(parts)), "logits after what was refused");
    CHECK(has_same_bits(untouched.state(1), engine.state(1)), "state after what was refused");
}

TEST(SlotCalls_EachFault_IsRefused)
{
    const Model model({});
    Engine engine(model);
    std::vector<float> state(model.sizes.state());
    int32_t read = 7;
    for (const int slot : {-1, 6}) {
        expect(CTN_INVALID_ARGUMENT, "slot is", ctn_engine_fill_slot(engine.handle, slot, 0));
        expect(CTN_INVALID_ARGUMENT, "slot is", ctn_engine_commit(engine.handle, slot, 0));
        expect(CTN_INVALID_ARGUMENT, "source is", ctn_engine_copy_slot(engine.handle, slot, 0));
        expect(CTN_INVALID_ARGUMENT, "destination is", ctn_engine_copy_slot(engine.handle, 0, slot));
        expect(CTN_INVALID_ARGUMENT, "slot is", ctn_engine_write_slot(engine.handle, slot, state.data()));
        expect(CTN_INVALID_ARGUMENT, "slot is", ctn_engine_begin_read_slot(engine.handle, slot, &read));
    }
    CHECK(read == 7, "a refused read has number %d", read);
    expect(CTN_INVALID_ARGUMENT, "state is null", ctn_engine_write_slot(engine.handle, 0, nullptr));
    expect(CTN_INVALID_ARGUMENT, "read is null", ctn_engine_begin_read_slot(engine.handle, 0, nullptr));
    CHECK_OK(ctn_engine_begin_read_slot(engine.handle, 0, &read));
    expect(CTN_INVALID_ARGUMENT, "state is null", ctn_engine_end_read_slot(engine.handle, read, nullptr));
    expect(CTN_INVALID_ARGUMENT, "read is -1; allowed: 0 to 1", ctn_engine_end_read_slot(engine.handle, -1, state.data()));
    expect(CTN_INVALID_ARGUMENT, "read is 2; allowed: 0 to 1", ctn_engine_end_read_slot(engine.handle, 2, state.data()));
    expect(CTN_INVALID_ARGUMENT, "is not under way", ctn_engine_end_read_slot(engine.handle, 1 - read, state.data()));
    CHECK_OK(ctn_engine_end_read_slot(engine.handle, read, state.data()));
    expect(CTN_INVALID_ARGUMENT, "is not under way", ctn_engine_end_read_slot(engine.handle, read, state.data()));
}

TEST(StepCalls_OutOfTurn_AreRefused)
{
    const Model model({});
    Engine engine(model);
    float logit;
    expect(CTN_INVALID_ARGUMENT, "first is 1; allowed: 0 to 0", ctn_engine_read_logits(engine.handle, 1, 0, &logit));
    expect(CTN_INVALID_ARGUMENT, "no step with logits has ended", ctn_engine_read_logits(engine.handle, 0, 1, &logit));
    CHECK_OK(engine.begin({{0, 0, {1}}}));
    expect(CTN_INVALID_ARGUMENT, "no step with logits has ended", ctn_engine_read_logits(engine.handle, 0, 1, &logit));
    CHECK_OK(ctn_engine_end_step(engine.handle, nullptr));
    expect(CTN_INVALID_ARGUMENT, "no step is under way", ctn_engine_end_step(engine.handle, nullptr));
    expect(CTN_INVALID_ARGUMENT, "first is -1", ctn_engine_read_logits(engine.handle, -1, 1, &logit));
    expect(CTN_INVALID_ARGUMENT, "count is 2 from row 0 on; allowed: 0 to 1", ctn_engine_read_logits(engine.handle, 0, 2, &logit));
    expect(CTN_INVALID_ARGUMENT, "count is -1", ctn_engine_read_logits(engine.handle, 0, -1, &logit));
    expect(CTN_INVALID_ARGUMENT, "logits is null", ctn_engine_read_logits(engine.handle, 0, 1, nullptr));
    CHECK_OK(ctn_engine_read_logits(engine.handle, 1, 0, nullptr));
    CHECK_OK(engine.begin({{0, 1, {1}, 0}}));
    expect(CTN_INVALID_ARGUMENT, "no step is under way", ctn_engine_end_step(engine.handle, nullptr));
}

TEST(DescribeMemory_OfSmallModel_IsTheSumOfItsParts)
{
    const Model model({});
    Engine engine(model);
    ctn_engine_memory memory = {};
    expect(CTN_INVALID_ARGUMENT, "memory.struct_size is 0", ctn_engine_describe_memory(engine.handle, &memory));
    expect(CTN_INVALID_ARGUMENT, "memory is null", ctn_engine_describe_memory(engine.handle, nullptr));
    memory.struct_size = sizeof memory;
    CHECK_OK(ctn_engine_describe_memory(engine.handle, &memory));

    const int64_t d = 32, m = 24, n = 50, k = 16, layers = 2, heads = 2;
    const int64_t weights = n * d + layers * (d * (3 * d + m) + d * (d + m) + 3 * d + m + heads) + 2 * d + n * d + n + k / 4;
    CHECK(memory.weight_bytes >= weights * 4 && memory.weight_bytes <= weights * 4 + 256 * 40, "%lld weight bytes of %lld",
        (long long)memory.weight_bytes, (long long)weights * 4);
    CHECK(memory.state_bytes == 6 * layers * heads * k * k * 4, "%lld state bytes", (long long)memory.state_bytes);
    CHECK(memory.tail_bytes == 6 * layers * heads * 32 * 2 * k * 4, "%lld tail bytes", (long long)memory.tail_bytes);
    CHECK(memory.buffer_bytes > 0, "%lld buffer bytes", (long long)memory.buffer_bytes);
}

TEST(DeviceCalls_EachFault_IsRefused)
{
    int32_t count = 0;
    ctn_device_info info = {};
    expect(CTN_INVALID_ARGUMENT, "count is null", ctn_device_count(nullptr));
    expect(CTN_INVALID_ARGUMENT, "info is null", ctn_device_describe(0, nullptr));
    expect(CTN_INVALID_ARGUMENT, "info.struct_size is 0", ctn_device_describe(0, &info));
    info.struct_size = sizeof info;
    expect(CTN_NO_DEVICE, "device 1", ctn_device_describe(1, &info));
    CHECK_OK(ctn_device_count(&count));
    CHECK_OK(ctn_device_describe(0, &info));
    CHECK(count == 1 && info.is_emulation == 1 && info.total_bytes >= info.free_bytes, "%d devices", count);
    CHECK(std::strcmp(ctn_last_message(), "") == 0, "a message after success: %s", ctn_last_message());
}

}  // namespace

TEST_MAIN
