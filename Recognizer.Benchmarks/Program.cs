using BenchmarkDotNet.Running;
using Recognizer.Benchmarks.Agreement;
using Recognizer.Benchmarks.Peers;
using Recognizer.Benchmarks.Reading;
using static Recognizer.Training.Commands.CommandLine;

try
{
    return Run(args);
}
catch (Exception exception)
{
    Report(exception, Console.Error);
    return Failed;
}

static int Run(string[] arguments) => arguments switch
{
    ["peers", .. string[] options] => PeersCommand.Run(options),
    ["startup", .. string[] options] => StartupCommand.Run(options),
    ["profile", string network, .. string[] options] => ProfileCommand.Run(network, options),
    ["agreement", .. string[] options] => AgreementCommand.Run(options),
    ["stability", .. string[] options] => StabilityCommand.Run(options),
    ["pages", .. string[] options] => PagesCommand.Run(options),
    ["kernels", .. string[] options] => RunKernels(options),
    _ => Usage(),
};

static int RunKernels(string[] options)
{
    // In this process: what is measured is internal to the libraries.
    BenchmarkSwitcher.FromAssembly(typeof(PeersCommand).Assembly).Run([.. options, "--inProcess"]);
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("""
        Usage: peers [--json] [--only TEXT] [--seconds S]    side by side with ONNX Runtime and PyTorch
               startup                                       first prediction of a new process, and memory, beside ONNX Runtime
               profile NETWORK [--batch N] [--threads N] [--training]    where the time goes, step by step
               agreement [FILE.onnx…] [--only TEXT]          the same results as ONNX Runtime, on our models and on others
               agreement --model FILE.onnx --dataset NAME [--count N]    the same on real images
               pages --model FILE.onnx [--split validation|test] [--alphabet A] [--dataset NAME] [--count N] [--only TEXT] [--write DIR]
                                                             character error rates on painted pages, and fields
               stability (the same options)                  whether labels stay when a character comes in another size, light or file
               kernels [BenchmarkDotNet's options]           micro-benchmarks
        """);
    return 2;
}
