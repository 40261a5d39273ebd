// Where an invocation works: at STRIP neighbours on one line of an image, in one quad of channels.
struct Strip {
  image: u32,
  y: u32,
  x: u32,
  channel: u32, // in quads
  quad: u32,    // the quad of the whole tensor at which it begins
}

// Of images of this height and width; params.channels counts quads.
fn stripAt(index: u32, height: u32, width: u32) -> Strip {
  let strips = (width + STRIP - 1u) / STRIP;
  let strip = quotient(index, params.channels);
  let channel = index - strip * params.channels;
  let line = quotient(strip, strips);
  let image = quotient(line, height);
  let x = (strip - line * strips) * STRIP;
  return Strip(image, line - image * height, x, channel, (line * width + x) * params.channels + channel);
}
