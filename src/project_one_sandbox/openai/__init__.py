"""OpenAI as a client sees it: `/openai/v1/responses`, `chat/completions`, `models` and `moderations`, over real HTTP.

It is not a model and never pretends to be one: every answer carries `x-sandbox: openai`, reasons begin with "Sandbox:",
topics with "Sandbox sample". What it answers follows from the schema's name, the text and the seed (`answering`).

```
client ─POST /openai/v1/responses─▶ routes ▶ asked (what is asked; is it valid?)   schema   errors
                                       │  ▶ vendor (key, model, limits, bill)       catalogue tokens limits bill
                                       │  ▶ faults (what goes wrong)
                                       ▼
                                    answering (by schema name: phrases, bank)
                                       ▼
                              responses | chat (bodies and streams) ▶ delivery (late, dripping, cut, in pieces)
tests ──/_sandbox/openai/faults, bill, calls──▶ control
```

- Keys: `SANDBOX_OPENAI_KEY`, several with commas between. Dates: the sandbox's clock decides which model is shut down.
- `openai` in the configuration: `latency_ms` (log-normal, median 750, p95 2,000; median 0: none), `uniform_ms` ([300, 900];
  wins over the former), `requests_per_minute` and `tokens_per_minute` of a key and model, `shutdown_dates` ({model: date or
  null}). Like every delay of the sandbox these are divided by the time scale, and the rates multiplied by it.
- Tokens are estimated: four ASCII characters or two others make one. A prefix of 1,024 tokens or more that came before
  (same key, model and `prompt_cache_key`, within ten minutes) is cached, in steps of 128; models that bill the writing of
  the cache report it the first time. An effort other than none spends reasoning tokens, which count against the cap.
- Billed is what was processed, whether or not anybody waited for it: `GET /_sandbox/openai/bill` (per key) and `calls`.
  Errors are not billed, nor a 200 whose status is failed.

What it does not do: conversations, tools, images, files, batches, background mode, stored responses, websockets.
Source: reference openai.md, sections 1, 3, 5, 6, 7 and 9.
"""
