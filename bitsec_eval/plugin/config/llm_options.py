"""The options of the LLM; one section of the table in `bitsec_eval.plugin.config.options`."""

from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.plugin.config.option import Option

BASE_URL = "https://api.openai.com/v1"
RUN, TOTAL = RunLimits(), TotalLimits()


OPTIONS = (
    Option("llm", str, "off", "MODE", "whether agents may ask an LLM: off, live, record or replay"),
    Option("llm-base-url", str, BASE_URL, "URL", "where the LLM is"),
    Option("llm-models", str, "", "A,B", "the models agents may ask (default: those with a price)"),
    Option("llm-prices", str, "", "FILE", "TOML file with the price of each model"),
    Option("llm-recordings", str, "", "DIR", "where recordings are kept (default: llm/ in the results)"),
    Option("llm-calls", int, RUN.calls, "N", "calls a run may make", unit="calls"),
    Option("llm-prompt-tokens", int, RUN.prompt_tokens, "N", "tokens a run may send", unit="tokens"),
    Option("llm-completion-tokens", int, RUN.completion_tokens, "N", "tokens a run may get", unit="tokens"),
    Option("llm-cost", float, RUN.cost, "USD", "money a run may spend"),
    Option("llm-max-tokens", int, RUN.max_tokens, "N", "tokens one completion may have", unit="tokens"),
    Option("llm-request-bytes", int, RUN.request_bytes, "N", "bytes one request may have", unit="bytes"),
    Option("llm-response-bytes", int, RUN.response_bytes, "N", "bytes one response may have", unit="bytes"),
    Option("llm-total-calls", int, TOTAL.calls, "N", "calls all runs may make together", unit="calls"),
    Option(
        "llm-total-prompt-tokens", int, TOTAL.prompt_tokens, "N", "tokens all runs may send together", unit="tokens"
    ),
    Option(
        "llm-total-completion-tokens",
        int,
        TOTAL.completion_tokens,
        "N",
        "tokens all runs may get together",
        unit="tokens",
    ),
    Option("llm-total-cost", float, TOTAL.cost, "USD", "money all runs may spend together"),
    Option("llm-concurrency", int, 32, "N", "calls to the LLM at the same time", unit="calls"),
    Option("llm-timeout", float, 120.0, "SECONDS", "how long one try may take"),
    Option("llm-tries", int, 5, "N", "tries before a run is void", unit="tries"),
    Option(
        "llm-patience", float, 300.0, "SECONDS", "how long the LLM's troubles may hold up a run before it is void"
    ),
)
