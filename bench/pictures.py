"""A picture host that takes its time: python -m bench.pictures PORT LATENCY_S."""

import asyncio
import sys
from io import BytesIO

import uvloop
from PIL import Image


def picture(number: int) -> bytes:
    """A JPEG that fits WeChat as it is, different for each number."""
    out = BytesIO()
    image = Image.effect_noise((640, 400), 60 + number).convert("RGB")
    image.putpixel((0, 0), (number, 0, 0))
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


async def main(port: int, latency_s: float) -> None:
    bodies = [picture(number) for number in range(64)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # somebody looked whether we listen
            writer.close()
            return
        number = int(head.split(b" ", 2)[1].rpartition(b"/")[2].removesuffix(b".jpg"))
        await asyncio.sleep(latency_s)
        body = bodies[number]
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
