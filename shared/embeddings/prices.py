"""What providers ask for embedding, as far as it is known; an estimate to decide by, no quotation."""

# When the list was last compared with the providers' own, for us-east-1 where regions differ.
PRICES_OF = "2025-06"
DOLLARS_PER_MILLION_TOKENS = {
    "all-MiniLM-L6-v2": 0.0,
    "all-MiniLM-L6-v2-float32": 0.0,
    "text-embedding-3-small": 0.02,
    "text-embedding-3-large": 0.13,
    "text-embedding-ada-002": 0.10,
    "amazon.titan-embed-text-v1": 0.10,
    "amazon.titan-embed-text-v2:0": 0.02,
    "cohere.embed-english-v3": 0.10,
    "cohere.embed-multilingual-v3": 0.10,
}
