"""The one gate to a model: personal data stays outside, money is reserved before it is spent, an answer or a refusal comes out."""
