"""A local counterpart of Meta's WhatsApp Business Cloud API, over real HTTP, for development, demos and chaos tests.

Beside it Clerk, as far as sign-in needs it: `/clerk/.well-known/jwks.json`; `/_sandbox/clerk/token`, `rotate`, `jwks`
(let the keys fail) and `webhook` (signed as Svix does). And OpenAI, as far as structured answers need it, under
`/openai/v1` (`openai`); `/_sandbox/openai/faults`, `bill` and `calls`.

Start it with `python -m project_one_sandbox`; everything it does afterwards is steered through `/_sandbox/...`, which
answers loopback clients only. It imports nothing of `project_one`, so that a shared misunderstanding cannot hide.

```
client ─POST /v25.0/{number}/messages─▶ server ▶ graph ▶ sending ─▶ messages components templates media   like Meta?
                                                           │        limits                           real clocks
                                                           │        faults                           what goes wrong
                                                           ▼
                        oracle (the judge) ◀─ state.accept ─▶ receipts (what will be) ▶ webhooks ─signed POST─▶ callback
tests ──/_sandbox/...──▶ control
```

What it does: sends (template, text, image, mark read), media, reading templates and numbers, health, webhook
subscription with handshake, Meta's limits, error bodies, status and inbound webhooks (escaped, signed, batched,
retried) and faults by rule. Recipients are imaginary: every valid number is a willing user of WhatsApp unless a rule
says otherwise.

What it does not do: create, edit, delete or review templates; register numbers; resumable uploads; flows, lists,
locations, reactions, groups and recipients by BSUID; fetch media links; `currency` and `date_time` parameters;
per-user marketing caps, opt-outs and pacing of its own accord (ask for them as faults); webhooks of versions before 24
(`conversation`). It keeps everything in memory and forgets it when it stops, webhooks waiting for a retry included.

`--time-scale n` divides every latency, delay, retry and window by n and multiplies the rates by n. Three things stay
real: the timestamps it reports, the one-second window of `peak_per_second`, and the 10 s it waits for an answer to a
webhook. `portfolio_limit` counts users and is not multiplied; the hour of the management limit shrinks.
"""
