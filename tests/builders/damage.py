"""Files and answers with something wrong in them, for Hypothesis to choose from."""

from collections.abc import Sequence

from hypothesis import strategies as st

# What readers stumble over: marks, ends, halves of characters and of signs, numbers that are none.
_SPLINTERS = (
    *(b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\x80", b"\xc3", b"\xe2\x80", b"\x1f\x8b"),
    *(b"\r", b"\n", b"\r\n", b"\x0b", b"\x0c", b"\x1a", b"\xc2\x85", b"\xe2\x80\xa8", b"\xc2\xa0"),
    *(b"\xf0\x9f\x98\x80", b'"', b"'", b"\\", b"\\ud800", b"\\u0000", b"&", b"&#0;", b"&#xd800;"),
    *(b"&#x110000;", b"&lt;", b"<", b">", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"</", b"/>", b"%"),
    *(b"<?xml encoding='utf-7'?>", b"<!DOCTYPE x [", b"nan", b"inf", b"-1", b"1e999", b"9" * 400, b"null"),
    *(b"[", b"]", b"{", b"}", b",", b";", b"\t", b"|", b":", b"---\n", b"===\n", b"```\n", b"# ", b"- "),
    *(b".. ", b"://", b"http://[", b"http://\xc3\xa9/", b"//", b"@", b"*", b"$"),
)


@st.composite
def damaged(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """One of the samples, cut, changed, repeated, joined to another one, and with splinters in it."""
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 6))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        match draw(st.integers(0, 6)):
            case 0:
                data = data[:start]
            case 1:
                data = data[:start] + data[end:]
            case 2:
                data = data[:start] + data[start:end] * draw(st.sampled_from((2, 3, 40))) + data[end:]
            case 3:
                other = draw(st.sampled_from(samples))
                data = data[:start] + other[draw(st.integers(0, len(other))) :] + data[end:]
            case 4:
                data = data[:start] + draw(st.binary(max_size=8)) + data[end:]
            case _:
                data = data[:start] + draw(st.sampled_from(_SPLINTERS)) + data[start:]
    # What repeats itself again and again grows without end.
    return data[:20_000]
