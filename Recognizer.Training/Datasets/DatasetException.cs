namespace Recognizer.Training.Datasets;

/// <summary>A data set can't be used: the message names the file, what is wrong with it and what was expected.</summary>
internal sealed class DatasetException(string message, Exception? innerException = null) : Exception(message, innerException);
