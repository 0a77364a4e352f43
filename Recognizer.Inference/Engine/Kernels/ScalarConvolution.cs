namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Convolution by its definition over the engine's image layout, one sum at a time.</summary>
internal sealed unsafe class ScalarConvolution(ConvolutionShape shape, Epilogue epilogue, ImageShape output, float[] weights, float[] bias)
{
    public long ScratchLength => (long)shape.OutputHeight * shape.OutputWidth * shape.OutputChannels;

    public void Run(float* input, float* destination, float* residual, int images, float* scratch)
    {
        for (int n = 0; n < images; n++)
        {
            Sums(input + (long)n * shape.Input.ImageStride + shape.Input.Origin, scratch);
            if (residual != null) AddResidual(residual + (long)n * output.ImageStride + output.Origin, scratch);
            ActivationKernels.Apply(scratch, scratch, ScratchLength, epilogue.Activation);
            Store(scratch, destination + (long)n * output.ImageStride + output.Origin);
        }
    }

    private void Sums(float* image, float* sums)
    {
        int groupOutputs = shape.OutputChannels / shape.Groups;
        for (int y = 0; y < shape.OutputHeight; y++)
        {
            for (int x = 0; x < shape.OutputWidth; x++)
            {
                for (int o = 0; o < shape.OutputChannels; o++)
                {
                    float sum = bias[o];
                    int first = o / groupOutputs * shape.GroupChannels;
                    for (int ky = 0; ky < shape.KernelHeight; ky++)
                    {
                        int iy = y * shape.StrideY - shape.PadTop + ky * shape.DilationY;
                        if ((uint)iy >= (uint)shape.Input.Height) continue;
                        for (int kx = 0; kx < shape.KernelWidth; kx++)
                        {
                            int ix = x * shape.StrideX - shape.PadLeft + kx * shape.DilationX;
                            if ((uint)ix >= (uint)shape.Input.Width) continue;
                            float* pixel = image + iy * shape.Input.RowStride + ix * shape.Input.PixelStride + first;
                            for (int c = 0; c < shape.GroupChannels; c++)
                                sum += pixel[c] * weights[((o * shape.GroupChannels + c) * shape.KernelHeight + ky) * shape.KernelWidth + kx];
                        }
                    }
                    *sums++ = sum;
                }
            }
        }
    }

    private void AddResidual(float* residual, float* sums)
    {
        for (int y = 0; y < shape.OutputHeight; y++)
            for (int x = 0; x < shape.OutputWidth; x++)
                for (int o = 0; o < shape.OutputChannels; o++) *sums++ += residual[y * output.RowStride + x * output.PixelStride + o];
    }

    private void Store(float* sums, float* destination)
    {
        int channels = shape.OutputChannels, width = shape.OutputWidth;
        switch (epilogue.Pooling)
        {
            case FusedPooling.GlobalAverage:
                for (int o = 0; o < channels; o++)
                {
                    double total = 0;
                    for (int p = 0; p < shape.OutputHeight * width; p++) total += sums[p * channels + o];
                    destination[o] = (float)(total / (shape.OutputHeight * width));
                }
                break;
            case FusedPooling.Max2x2:
                for (int y = 0; y < output.Height; y++)
                {
                    for (int x = 0; x < output.Width; x++)
                    {
                        for (int o = 0; o < channels; o++)
                        {
                            float* window = sums + (2 * y * width + 2 * x) * channels + o;
                            destination[y * output.RowStride + x * output.PixelStride + o] = MathF.Max(
                                MathF.Max(window[0], window[channels]), MathF.Max(window[width * channels], window[(width + 1) * channels]));
                        }
                    }
                }
                break;
            default:
                for (int y = 0; y < output.Height; y++)
                    for (int x = 0; x < output.Width; x++)
                        for (int o = 0; o < channels; o++) destination[y * output.RowStride + x * output.PixelStride + o] = *sums++;
                break;
        }
    }
}
