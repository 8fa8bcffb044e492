import { mayRunImage } from '@runnel/contracts';
import { StepFault } from '@runnel/sandbox';
import type { StepRequest } from './attempt.ts';

/** The image that is run where a tool names one, as the settings of the workspace have it. Throws StepFault for one that it may not run. */
export function imageChooser({ images }: Pick<StepRequest, 'images'>): (image: string) => string {
  return (named) => {
    const image = images?.replace?.[named] ?? named;
    if (images !== undefined && !mayRunImage(image, images))
      throw new StepFault(
        'image',
        `the workspace may not run the image ${image}: its settings allow ${images.allow?.join(', ') ?? 'none'}`,
      );
    return image;
  };
}
