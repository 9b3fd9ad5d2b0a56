// Reads a QR code through the camera. No picture leaves this browser, and none is kept.

import { decodeQR } from '../vendor/qr/decode.js';

/** How often the camera's picture is looked at. */
const EVERY_MS = 150;
/** Its longer side then, in pixels: codes on paper need no more, and a phone keeps up. */
const MOST_PIXELS = 960;

/**
 * What the first code says that the camera sees; null if the reader stops it. Rejects if there is no camera, or it may not be used.
 * @param {HTMLVideoElement} video shows what the camera sees
 * @param {AbortSignal} stop
 * @returns {Promise<string | null>}
 */
export async function scan(video, stop) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  try {
    video.srcObject = stream;
    await video.play();
    while (!stop.aborted) {
      const text = seenIn(video);
      if (text !== null) return text;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

/** @param {HTMLVideoElement} video */
function seenIn(video) {
  const [width, height] = [video.videoWidth, video.videoHeight];
  if (width === 0) return null;
  const scale = Math.min(1, MOST_PIXELS / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const drawing = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  drawing.drawImage(video, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(drawing.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    return null; // No code in this picture.
  }
}
