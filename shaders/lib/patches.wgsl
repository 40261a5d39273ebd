// A matrix that is never stored, read from images: row (image, i, j) is the patch of which a convolution makes position (i, j)
// of its result, row by row of the filter, channels innermost and in whole quads. What lies outside of the image is zero.
// A place is x, y and the quad at which it lies: those of a patch's corner and of what belongs to the patch add up. Above and to the
// left of the image they have wrapped round.

// The corners of four patches: in vectors, since the compiler would leave an array of them in memory.
struct Corners {
  x: vec4<u32>,
  y: vec4<u32>,
  quad: vec4<u32>,
}

fn cornersOf(matrix: u32, position: vec4<u32>) -> Corners {
  let line = position / params.positionsAcross;
  let image = line / params.positionsDown;
  let y = (line - image * params.positionsDown) * params.strideDown - params.paddingTop;
  let x = (position - line * params.positionsAcross) * params.strideAcross - params.paddingLeft;
  let quad = matrix * params.strideA + ((image * params.height + y) * params.width + x) * params.channels;
  // From beyond the last position nothing reaches into an image.
  let positions = vec4<u32>(select(params.m, params.k, TRANSPOSE_A));
  return Corners(x, select(vec4<u32>(0x80000000u), y, position < positions), quad);
}

fn cornerOf(matrix: u32, position: u32) -> vec3<u32> {
  let corners = cornersOf(matrix, vec4<u32>(position));
  return vec3<u32>(corners.x[0], corners.y[0], corners.quad[0]);
}

// From the corner of a patch to quad `quad` of it.
fn tapOf(quad: u32) -> vec3<u32> {
  let tap = smallQuotient(quad, params.channels);
  let down = smallQuotient(tap, params.filterAcross);
  let x = (tap - down * params.filterAcross) * params.dilationAcross;
  let y = down * params.dilationDown;
  return vec3<u32>(x, y, (y * params.width + x) * params.channels + quad - tap * params.channels);
}

fn patchQuad(corner: vec3<u32>, tap: vec3<u32>) -> In4 {
  let at = corner + tap;
  let inside = at.x < params.width && at.y < params.height;
  return select(In4(), a[select(0u, at.z, inside)], inside);
}
